import { expect, test } from "vitest";
import { fallbackWarnings } from "../../../src/stages/quantize/fallback-warnings.js";

const fallback = (name: string, asked: string, got: string, columns: number) => ({ name, asked, got, columns });

test("counts rules and preset separately, by type", () => {
  const fallbacks = [
    fallback("blk.0.ffn_down.weight", "Q6_K", "Q8_0", 320),
    fallback("blk.0.attn_q.weight", "Q4_K", "Q5_0", 160),
    fallback("blk.0.attn_k.weight", "Q4_K", "Q5_0", 96),
    fallback("blk.0.attn_v.weight", "Q6_K", "Q8_0", 160),
  ];
  const rules = new Set(["blk.0.ffn_down.weight", "blk.1.ffn_down.weight"]);
  expect(fallbackWarnings(fallbacks, { preset: "Q4_K_M", rules, tensors: 15 })).toEqual([
    {
      code: "QW-QUANTIZE-RULE",
      message:
        "1 of 2 tensors do not have the type of their rule: Q8_0 instead of Q6_K (1), since rows of 320 values do not divide into blocks of 256",
      remedy: expect.any(String),
    },
    {
      code: "QW-QUANTIZE-FALLBACK",
      message:
        "3 of 15 quantized tensors do not have the type that Q4_K_M chose: Q5_0 instead of Q4_K (2), Q8_0 instead of Q6_K (1), since rows of 96, 160 values do not divide into blocks of 256",
      remedy: expect.any(String),
    },
  ]);
  expect(fallbackWarnings([], { preset: "Q4_K_M", rules, tensors: 15 })).toEqual([]);
});
