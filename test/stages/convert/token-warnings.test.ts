import { expect, test } from "vitest";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { missingTokens } from "../../../src/stages/convert/text-warnings.js";
import { missingScores, otherVocabulary, plainTokens } from "../../../src/stages/convert/token-warnings.js";

const texts = ["<unk>", "<|a|>", "<|b|>", "x", "y"];

/** A SentencePiece vocabulary. */
function file(types: readonly number[], scores: readonly number[] = [0, 0, 0, -1, -2]) {
  const metadata = new Map<string, GgufValue>([
    ["tokenizer.ggml.model", { type: "string", value: "llama" }],
    ["tokenizer.ggml.tokens", { type: "array", itemType: "string", items: texts }],
    ["tokenizer.ggml.scores", { type: "array", itemType: "float32", items: scores }],
    ["tokenizer.ggml.token_type", { type: "array", itemType: "int32", items: types }],
  ]);
  return { metadata };
}
const usual = file([2, 3, 3, 1, 1]);
const json = "tokenizer.json";

test("a vocabulary whose tokens have one score is named", () => {
  expect(missingScores(usual)).toEqual([]);
  expect(missingScores(file([2, 3, 3, 1, 1], [0, 0, 0, -1000, -1000]))).toMatchObject([{ code: "QW-TOKENS-DIFFER" }]);
});

test("special tokens that are usual ones in the file are named", () => {
  const added = [
    { id: 1, content: "<|a|>", special: true },
    { id: 3, content: "x", special: false },
  ];
  expect(plainTokens(usual, json, added)).toEqual([]);
  const [warning, ...more] = plainTokens(file([2, 1, 1, 1, 1]), json, added);
  expect(more).toEqual([]);
  expect(warning).toMatchObject({ code: "QW-TOKENS-DIFFER", message: expect.stringMatching(/prompts: "<\|a\|>"$/) });
});

test("added tokens with other ids are named as such", () => {
  const swapped = [
    { id: 1, content: "<|b|>" },
    { id: 2, content: "<|a|>" },
  ];
  expect(missingTokens(usual, json, swapped)).toMatchObject([
    {
      code: "QW-TOKENS-DIFFER",
      message: expect.stringContaining(
        'other ids than the file: "<|b|>" (1, in the file 2), "<|a|>" (2, in the file 1)',
      ),
    },
  ]);
});

test("a tokenizer.json whose ids have other texts than the file is named", () => {
  const tokenizer = (vocab: object) => ({ model: { type: "BPE", vocab: vocab as Record<string, number> } });
  expect(otherVocabulary(usual, tokenizer({ "<unk>": 0, x: 3, y: 4 }), new Set())).toEqual([]);
  expect(otherVocabulary(usual, tokenizer({ y: 3, x: 4 }), new Set())).toMatchObject([
    {
      code: "QW-TOKENS-DIFFER",
      message: '2 ids have other texts in tokenizer.json than in the file, such as 3: "y" and "x"',
    },
  ]);
  expect(otherVocabulary(usual, tokenizer({ y: 3, x: 4 }), new Set([3, 4]))).toEqual([]);
});
