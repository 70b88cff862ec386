import { expect, test } from "vitest";
import { hubLabel, imatrixFileName, variantFileName } from "../../src/quant/names.js";
import { presets } from "../../src/quant/presets.js";

test("the Hub's label for every preset's file is the preset's name", () => {
  for (const { name } of presets) expect(hubLabel(variantFileName("My-Model-7B", name))).toBe(name);
});

test("names without a label on the Hub", () => {
  expect(hubLabel(variantFileName("M", "Q4_K_L"))).toBeUndefined();
  expect(hubLabel(variantFileName("M", "small"))).toBeUndefined();
  expect(hubLabel(imatrixFileName("My-Model-7B"))).toBeUndefined();
});

test("file names follow the release layout", () => {
  expect(variantFileName("M", "Q4_K_M")).toBe("M-Q4_K_M.gguf");
  expect(imatrixFileName("M")).toBe("M-imatrix.gguf");
});
