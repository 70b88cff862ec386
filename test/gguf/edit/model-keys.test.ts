import { expect, test } from "vitest";
import { changeMetadata } from "../../../src/gguf/edit/change-metadata.js";
import { requireFittingFileType } from "../../../src/gguf/edit/file-type.js";
import type { GgufScalarType, GgufTensor, GgufValue } from "../../../src/gguf/gguf.js";

import { ggmlTypeByName } from "../../../src/quant/ggml-types.js";

const one = (type: GgufScalarType, value: number | string): GgufValue => ({ type, value });
const tokens = ["a", "b", "c"];
const metadata = new Map<string, GgufValue>([
  ["general.architecture", one("string", "llama")],
  ["general.tags", { type: "array", itemType: "string", items: ["x"] }],
  ["llama.context_length", one("uint32", 4096)],
  ["llama.block_count", one("uint32", 2)],
  ["llama.expert_count", one("uint32", 8)],
  ["llama.expert_used_count", one("uint32", 2)],
  ["llama.attention.layer_norm_rms_epsilon", one("float32", 1e-5)],
  ["llama.attention.sliding_window_pattern", { type: "array", itemType: "bool", items: [true, false] }],
  ["tokenizer.ggml.model", one("string", "llama")],
  ["tokenizer.ggml.tokens", { type: "array", itemType: "string", items: tokens }],
  ["tokenizer.ggml.scores", { type: "array", itemType: "float32", items: [0, 0, 0] }],
]);
const set = (text: string) => {
  const [, key = "", type, value = ""] = /^([^:=]+)(?::([^=]*))?=(.*)$/.exec(text) ?? [];
  return { kind: "set" as const, key, text: value, ...(type === undefined ? {} : { type }) };
};
const code = (work: () => unknown) => {
  try {
    work();
    return "none";
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test.each([
  ...["block_count", "embedding_length", "feed_forward_length", "attention.head_count", "attention.head_count_kv"],
  ...["expert_count", "rope.dimension_count", "vocab_size", "attention.key_length", "expert_feed_forward_length"],
  ...["ssm.conv_kernel", "ssm.state_size", "attention.kv_lora_rank", "nextn_predict_layers", "rope.dimension_sections"],
  ...[
    "vision.block_count",
    "leading_dense_block_count",
    "expert_group_count",
    "wkv.head_size",
    "vision.projection_dim",
  ],
])("llama.%s, which the tensors determine, cannot be set or removed", (name) => {
  const key = `llama.${name}`;
  expect(code(() => changeMetadata(metadata, [set(`${key}:uint32=1`)]))).toBe("QS-EDIT-KEY");
  const present = new Map(metadata).set(key, one("uint32", 1));
  expect(code(() => changeMetadata(present, [{ kind: "remove", key }]))).toBe("QS-EDIT-KEY");
});

test.each([
  "llama.context_length",
  "llama.attention.layer_norm_rms_epsilon",
  "tokenizer.ggml.model",
  "tokenizer.ggml.scores",
])("the required key %s cannot be removed", (key) => {
  expect(code(() => changeMetadata(metadata, [{ kind: "remove", key }]))).toBe("QS-EDIT-KEY");
});

test.each([
  ...["llama.context_length:string=abc", "llama.context_length:uint64=8192", "general.name:uint32=7"],
  ...["llama.rope.freq_base:uint32=10000", "llama.context_length=0", "llama.expert_used_count=9"],
  ...["llama.expert_used_count=0", "llama.rope.scaling.type=cubic", "llama.attention.layer_norm_rms_epsilon=-1"],
  ...["tokenizer.ggml.scores=[1,2]", "tokenizer.ggml.token_type:int32[]=[1]", "tokenizer.ggml.eos_token_id=3"],
  "llama.attention.sliding_window_pattern=[true]",
])("%s fails, because the file would not load", (text) => {
  expect(code(() => changeMetadata(metadata, [set(text)]))).toBe("QS-EDIT-VALUE");
});

test("a model without experts gets no number of used ones", () => {
  const dense = new Map([...metadata].filter(([key]) => !key.includes("expert")));
  expect(code(() => changeMetadata(dense, [set("llama.expert_used_count:uint32=2")]))).toBe("QS-EDIT-VALUE");
});

test.each([
  ...["llama.context_length=8192", "llama.context_length:uint32=8192", "llama.rope.freq_base=1e6"],
  ...["llama.expert_used_count=4", "llama.rope.scaling.type=yarn", "llama.rope.scaling.original_context_length=4096"],
  ...["tokenizer.ggml.scores=[1,2,3]", "tokenizer.ggml.token_type:int32[]=[1,1,1]", "tokenizer.ggml.eos_token_id=2"],
  ...['general.tags=["x","y"]', "llama.attention.sliding_window_pattern=[false,false]", "other.block_count:uint32=1"],
])("%s succeeds", (text) => {
  expect(changeMetadata(metadata, [set(text)]).changes).toHaveLength(1);
});

test.each([
  ["Q8_0", 15, "QS-EDIT-VALUE"],
  ["Q8_0", 1, "QS-EDIT-VALUE"],
  ["F16", 15, "QS-EDIT-VALUE"],
  ["F32", 7, "QS-EDIT-VALUE"],
  ["Q8_0", 7, "none"],
  ["Q4_K", 15, "none"],
  // A small model, whose embeddings are most of its size.
  ["Q4_K", 14, "none"],
  ["BF16", 1, "none"],
  ["F32", 0, "none"],
])("a file with most tensors in %s and general.file_type=%i: %s", (name, fileType, expected) => {
  const tensor = (typeName: string, index: number, size = 256): GgufTensor => {
    const type = ggmlTypeByName(typeName);
    if (type === undefined) throw new Error(typeName);
    const shape = [256, size];
    return { name: `blk.${index}`, shape, type, offset: 0, bytes: (256 * size * type.blockBytes) / type.blockSize };
  };
  const tensors = [tensor(name, 0), tensor(name, 1), tensor("F32", 2, 1), tensor(name.replace("4", "6"), 3, 8192)];
  const gguf = { path: "", version: 3, metadata, tensors, alignment: 32, dataOffset: 0, fileBytes: 0 };
  const { changes } = changeMetadata(metadata, [set(`general.file_type:uint32=${fileType}`)]);
  expect(code(() => requireFittingFileType(gguf, changes))).toBe(expected);
});
