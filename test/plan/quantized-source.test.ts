import { describe, expect, test } from "vitest";
import { failureOf } from "../fixtures/failure.js";
import { planned } from "../fixtures/planned-steps.js";

const recipe = (variant: string) => `version: 1\nmodel: { source: ./m, name: M }\nvariants:\n  - ${variant}\n`;
/** Nine of ten weights are experts in MXFP4. */
const model = {
  ...{ gguf: ["m.gguf"], files: [{ path: "m.gguf", bytes: 1, digest: "sha256:0" }], config: null },
  ...{ parameters: 1e9, tensorBytes: 678e6, kept: { type: "MXFP4" as const, parameters: 9e8 } },
};

describe("a source with tensors in MXFP4", () => {
  test.each(["F16", "{ preset: F32, allowRequantize: true }", "{ preset: Q4_K_M, allowRequantize: true }"])(
    "%s is refused, because it would be larger and not better",
    async (variant) => {
      const refused = await failureOf(planned(recipe(variant), model));
      expect(refused).toMatchObject({ code: "QS-QUANTIZE-LARGER", at: { line: 4 } });
    },
  );

  test.each(["Q8_0", "MXFP4_MOE", "Q2_K", "{ preset: Q2_K, allowRequantize: true }"])(
    "%s is planned",
    async (variant) => {
      await planned(recipe(variant), model);
    },
  );

  test("the size of variants counts the copied tensors with their own bits", async () => {
    const bytesOf = async (kept: object) => {
      const { steps } = await planned(recipe("Q8_0"), { ...model, ...kept });
      return steps.find(({ id }) => id === "quantize:Q8_0")?.predictedBytes ?? 0;
    };
    expect(await bytesOf({})).toBeLessThan(0.65 * (await bytesOf({ kept: undefined })));
  });
});
