import { expect, test } from "vitest";
import { requireNames } from "../../../src/stages/package/require-names.js";
import { thrownBy } from "../../fixtures/failure.js";

const variants = [
  { name: "Q8_0", file: "m-Q8_0.gguf" },
  { name: "Q4_K_M", file: "m-Q4_K_M.gguf" },
];
const files = variants.map(({ file }) => file);

test("a release whose names lead every runtime to the right file is let through, also with warnings", () => {
  requireNames([...files, "m-imatrix.gguf", "mmproj-m-F16.gguf", "README.md"], variants);
  requireNames([...files, "mmproj.gguf"], variants);
  requireNames(["m-Q6_K.gguf"], [{ name: "Q6_K", file: "m-Q6_K.gguf" }]);
});

test("one that does not is refused with what a runtime would do", () => {
  const preset = thrownBy(() => requireNames([...files, "preset.ini"], variants));
  expect([preset.code, preset.message]).toEqual(["QS-PACKAGE-NAMES", expect.stringContaining("QS-RESOLVE-PRESET")]);
  const other = thrownBy(() => requireNames([...files, "a-Q8_0.gguf"], variants));
  expect(other.message).toMatch(/a-Q8_0\.gguf/);
});
