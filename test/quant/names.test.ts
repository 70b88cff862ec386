import { expect, test } from "vitest";
import { hubLabel, imatrixFileName, variantFileName } from "../../src/quant/names.js";
import { presets } from "../../src/quant/presets.js";

test("every preset's file carries its own name as label on the Hub", () => {
  for (const { name } of presets) expect(hubLabel(variantFileName("My-Model-7B", name))).toBe(name);
});

test("labels the Hub does not read", () => {
  expect(hubLabel(variantFileName("M", "Q4_K_L"))).toBeUndefined();
  expect(hubLabel(variantFileName("M", "small"))).toBeUndefined();
  expect(hubLabel(imatrixFileName("My-Model-7B"))).toBeUndefined();
});

test("file names follow the release layout", () => {
  expect(variantFileName("M", "Q4_K_M")).toBe("M-Q4_K_M.gguf");
  expect(imatrixFileName("M")).toBe("M-imatrix.gguf");
});
