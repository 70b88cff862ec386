import { describe, expect, test } from "vitest";
import { requireMetadata } from "../../src/checkpoint/gguf/require-metadata.js";
import type { SourceHeader } from "../../src/checkpoint/gguf/source-header.js";
import type { GgufScalar, GgufScalarType, GgufValue } from "../../src/gguf/gguf.js";
import { remoteSourceHeader } from "../../src/plan/remote-source-header.js";
import { knownType } from "../../src/quant/ggml-types.js";
import { thrownBy } from "../fixtures/failure.js";

const list = (itemType: GgufScalarType, items: GgufScalar[]): GgufValue => ({ type: "array", itemType, items });
const uint32 = (value: number): GgufValue => ({ type: "uint32", value });
const float32 = (value: number): GgufValue => ({ type: "float32", value });
const string = (value: string): GgufValue => ({ type: "string", value });

const entries: Record<string, GgufValue> = {
  "general.architecture": string("llama"),
  "llama.context_length": uint32(2048),
  "llama.block_count": uint32(2),
  "llama.embedding_length": uint32(32),
  "tokenizer.ggml.model": string("llama"),
  "tokenizer.ggml.tokens": list("string", ["<s>", "a", "", ""]),
  "tokenizer.ggml.scores": list("float32", [0, -1, Number.NEGATIVE_INFINITY, -3]),
  "tokenizer.ggml.token_type": list("int32", [3, 1, 1, 1]),
  "tokenizer.ggml.bos_token_id": uint32(3),
  "tokenizer.ggml.seperator_token_id": uint32(4294967295),
  "tokenizer.chat_template": string("{{ messages }}"),
  "tokenizer.chat_templates": list("string", ["rag"]),
};

const bf16 = knownType("BF16");
const tensors = [
  { name: "token_embd.weight", shape: [32, 4], type: bf16 },
  { name: "blk.0.a", shape: [32], type: bf16 },
  { name: "blk.1.a", shape: [32], type: bf16 },
];

/** A header with other metadata; undefined removes a key. */
function header(changed: Record<string, GgufValue | undefined>): SourceHeader {
  const metadata = new Map<string, GgufValue>();
  for (const [key, entry] of Object.entries({ ...entries, ...changed })) if (entry) metadata.set(key, entry);
  return { name: "m.gguf", metadata, tensors };
}

describe("the metadata of a GGUF source", () => {
  test.each<[Record<string, GgufValue | undefined>, string]>([
    [{ "tokenizer.ggml.scores": list("float32", [0]) }, '"tokenizer.ggml.scores" has 1 values for 4 tokens'],
    [{ "tokenizer.ggml.scores": list("string", ["a", "b", "c", "d"]) }, "is a list of string instead of float32"],
    [{ "tokenizer.ggml.scores": list("float32", [0, Number.NaN, 0, 0]) }, "is NaN for token 1"],
    [{ "tokenizer.ggml.token_type": list("int32", [1, 1]) }, '"tokenizer.ggml.token_type" has 2 values for 4 tokens'],
    [{ "tokenizer.ggml.token_type": uint32(1) }, '"tokenizer.ggml.token_type" is not a list'],
    [
      { "tokenizer.ggml.tokens": list("string", ["a", "b", "c"]), "tokenizer.ggml.bos_token_id": uint32(0) },
      "3 tokens",
    ],
    [{ "tokenizer.ggml.tokens": list("int32", [1, 2, 3, 4]) }, "is a list of int32 instead of string"],
    [{ "tokenizer.ggml.tokens": list("string", ["a", "b", "b", "c"]) }, 'the token "b" has two ids, 1 and 2'],
    [{ "tokenizer.ggml.model": string("gpt2") }, 'no "tokenizer.ggml.merges"'],
    [{ "tokenizer.ggml.bos_token_id": uint32(99999) }, "is 99999, but the vocabulary has 4 tokens"],
    [{ "tokenizer.ggml.eot_token_id": { type: "int32", value: 1 } }, "is of type int32 instead of uint32"],
    [{ "tokenizer.chat_template": list("string", ["x"]) }, "is of type array instead of string"],
    [{ "tokenizer.chat_template.rag": uint32(1) }, '"tokenizer.chat_template.rag" is of type uint32'],
    [{ "llama.context_length": uint32(0) }, '"llama.context_length" is 0, not from 1 to 2147483647'],
    [{ "llama.context_length": uint32(4294967295) }, "is 4294967295, not"],
    [{ "llama.context_length": undefined }, 'no "llama.context_length"'],
    [{ "llama.expert_count": uint32(4), "llama.expert_used_count": uint32(5) }, "is 5, not from 1 to the model's 4"],
    [{ "llama.expert_count": uint32(4), "llama.expert_used_count": uint32(0) }, "is 0, not from 1"],
    [{ "llama.expert_count": uint32(4) }, 'it has 4 experts, but no "llama.expert_used_count"'],
    [{ "llama.expert_count": uint32(4), "llama.expert_used_count": list("uint32", [2, 5]) }, "is 5, not from 1"],
    [{ "llama.expert_used_count": uint32(2) }, '"llama.expert_used_count" is 2, but the model has no experts'],
    [{ "llama.block_count": undefined }, 'no "llama.block_count"'],
    [{ "llama.block_count": list("uint32", [2]) }, '"llama.block_count" is of type array instead of uint32'],
    [{ "llama.embedding_length": undefined }, 'no "llama.embedding_length"'],
    [{ "llama.attention.layer_norm_rms_epsilon": float32(-1e-5) }, "not a number from 0"],
    [{ "llama.rope.freq_base": float32(Number.NaN) }, '"llama.rope.freq_base" is NaN'],
    [{ "llama.block_count": uint32(1) }, '"llama.block_count" is 1, but there are tensors of block 1'],
    [{ "llama.block_count": uint32(5) }, '"llama.block_count" is 5, but there are no tensors of blocks after 1'],
  ])("that llama.cpp cannot use is refused: %j", (changed, message) => {
    expect(() => requireMetadata([header({})])).not.toThrow();
    const error = thrownBy(() => requireMetadata([header(changed)]));
    expect(error).toMatchObject({ code: "QS-FETCH-METADATA", message: expect.stringContaining(message) });
  });

  test("may have a number of experts for each layer", () => {
    const used = { "llama.expert_count": uint32(4), "llama.expert_used_count": list("uint32", [2, 4]) };
    expect(() => requireMetadata([header(used)])).not.toThrow();
  });

  test("may lack the blocks of splits that are not known, of other tokens, or without values", () => {
    const blocks = { "llama.block_count": uint32(3) };
    for (const more of [
      { "split.count": uint32(2) },
      { "llama.nextn_predict_layers": uint32(1) },
      { "llama.feed_forward_length": list("int32", [8, 8, 0]) },
    ])
      expect(() => requireMetadata([header({ ...blocks, ...more })])).not.toThrow();
  });

  test("has its types also from the Hub's parser", async () => {
    const typed = {
      a: { value: [1, 2], type: 9, subType: 5 },
      b: { value: ["x"], type: 9, subType: 8 },
      c: { value: 7, type: 4 },
      d: { value: "x", type: 8 },
      e: { value: true, type: 7 },
    };
    const parsed = { typedMetadata: typed, tensorInfos: [] };
    const { metadata } = await remoteSourceHeader("x/m.gguf", async () => parsed as never);
    expect(Object.fromEntries(metadata)).toEqual({
      a: list("int32", [1, 2]),
      b: list("string", ["x"]),
      c: uint32(7),
      d: string("x"),
      e: { type: "bool", value: true },
    });
  });
});
