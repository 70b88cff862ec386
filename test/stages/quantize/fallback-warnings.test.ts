import { expect, test } from "vitest";
import { knownType } from "../../../src/quant/ggml-types.js";
import { choiceWarnings, fallbackWarnings } from "../../../src/stages/quantize/fallback-warnings.js";

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

test("counts the tensors of a dynamic variant that choose from other types, and its pins", () => {
  const tensors = [
    { name: "blk.0.attn_q.weight", shape: [160, 160] },
    { name: "blk.0.ffn_down.weight", shape: [320, 160] },
    { name: "blk.0.ffn_up.weight", shape: [256, 320] },
    { name: "blk.0.attn_k.weight", shape: [160, 80] },
  ];
  const pins = new Map([["blk.0.attn_k.weight", knownType("Q6_K")]]);
  const types = ["IQ4_XS", "Q4_K", "Q5_K", "Q8_0"];
  expect(choiceWarnings(tensors, types, pins).map(({ code, message }) => [code, message])).toEqual([
    [
      "QW-QUANTIZE-RULE",
      "1 of 1 tensors do not have the type of their rule: Q8_0 instead of Q6_K (1), since rows of 160 values do not divide into blocks of 256",
    ],
    [
      "QW-QUANTIZE-FALLBACK",
      "2 of 4 quantized tensors choose from other types: IQ4_NL instead of IQ4_XS; Q5_0 instead of Q4_K; Q5_1 instead of Q5_K, since rows of 160, 320 values do not divide into blocks of 256",
    ],
  ]);
  expect(choiceWarnings(tensors, ["Q8_0"], new Map())).toEqual([]);
});
