import { expect, test } from "vitest";
import { isSidecarFile } from "../../../src/hardware/fit/find-projector.js";

test("projectors, imatrix files and MTP layers are no models; a model's name may contain mtp", () => {
  for (const name of ["a/mmproj-M-F16.gguf", "M-imatrix.gguf", "a/mtp-M-Q8_0.gguf"])
    expect(isSidecarFile(name)).toBe(true);
  for (const name of ["M-Q8_0.gguf", "M-mtp-Q8_0.gguf", "mtp-models/M-Q8_0.gguf"])
    expect(isSidecarFile(name)).toBe(false);
});
