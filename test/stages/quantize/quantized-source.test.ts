import { describe, expect, test } from "vitest";
import { knownType } from "../../../src/quant/ggml-types.js";
import { keepQuantized, requireSmaller } from "../../../src/stages/quantize/quantized-source.js";
import { thrownBy } from "../../fixtures/failure.js";

const [MXFP4, BF16, Q2_K, Q4_0, Q8_0] = ["MXFP4", "BF16", "Q2_K", "Q4_0", "Q8_0"].map(knownType) as [
  ReturnType<typeof knownType>,
  ...ReturnType<typeof knownType>[],
];

const tensor = (name: string, type = MXFP4, rows = 32) => ({
  ...{ name, shape: [256, rows], type, offset: 0 },
  bytes: (256 * rows * type.bitsPerWeight) / 8,
});
const base = { tensors: [tensor("a", BF16), tensor("up"), tensor("down")] };
const types = (entries: Record<string, typeof MXFP4 | undefined>) =>
  new Map(Object.entries(entries) as [string, typeof MXFP4][]);

describe("a base with tensors that are already quantized", () => {
  test("they keep their type beside the recipe's rules", () => {
    expect(keepQuantized(types({ a: Q4_0 }), base, false)).toEqual(types({ a: Q4_0, up: MXFP4, down: MXFP4 }));
    expect(keepQuantized(types({ a: Q4_0, up: MXFP4 }), base, false).size).toBe(3);
  });

  test("a rule for them needs allowRequantize", () => {
    const rules = types({ up: Q2_K });
    const refused = thrownBy(() => keepQuantized(rules, base, false));
    expect(refused).toMatchObject({
      code: "QS-QUANTIZE-REQUANTIZE",
      remedy: expect.stringContaining("allowRequantize"),
    });
    expect(refused.message).toContain('requires Q2_K for the tensor "up", which the source already has in MXFP4');
    expect(keepQuantized(rules, base, true)).toBe(rules);
  });

  test("types that make them larger in total are refused, whatever the other tensors become", () => {
    requireSmaller(types({ a: Q8_0 }), base, "Q8_0");
    // Larger up, smaller down.
    requireSmaller(types({ a: Q4_0, up: Q4_0, down: Q2_K }), base, "Q2_K");
    const refused = thrownBy(() => requireSmaller(types({ a: Q4_0, up: Q4_0, down: Q4_0 }), base, "Q4_K_M"));
    expect(refused.code).toBe("QS-QUANTIZE-LARGER");
    expect(refused.message).toMatch(/^Q4_K_M stores 2 tensors, .* MXFP4, in larger types such as Q4_0/);
  });

  test("a base of plain floats has no such limits", () => {
    const plain = { tensors: [tensor("a", BF16)] };
    expect(keepQuantized(types({ a: Q4_0 }), plain, false).size).toBe(1);
    requireSmaller(types({ a: knownType("F32") }), plain, "F32");
  });
});
