import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configKeys, mergedConfig } from "../../src/checkpoint/keys/config-keys.js";
import { generationKeys } from "../../src/checkpoint/keys/generation-keys.js";
import type { FileKeys } from "../../src/checkpoint/keys/key-list.js";
import { checkpointKeys, keyWarnings } from "../../src/checkpoint/keys/key-warnings.js";
import { sentencePieceKeys } from "../../src/checkpoint/keys/sentencepiece-keys.js";
import { tokenizerConfigKeys } from "../../src/checkpoint/keys/tokenizer-config-keys.js";
import { specialTokensMapKeys, tokenizerKeys } from "../../src/checkpoint/keys/tokenizer-keys.js";
import { findFamily } from "../../src/converter/families/find-family.js";
import { readModelConfig } from "../../src/converter/model-config.js";
import { readRope } from "../../src/converter/rope-parameters.js";
import { readSettings } from "../../src/converter/vocabulary/sentencepiece-model.js";
import type { GgufValue } from "../../src/gguf/gguf.js";
import type { JsonObject } from "../../src/util/canonical-json.js";
import { encodeSentencePiece } from "../fixtures/tokenizer/sentencepiece-writer.js";

function file(architecture: string, model = "gpt2"): { metadata: Map<string, GgufValue> } {
  const text = (value: string): GgufValue => ({ type: "string", value });
  return {
    metadata: new Map([
      ["general.architecture", text(architecture)],
      ["tokenizer.ggml.model", text(model)],
      ["tokenizer.ggml.pre", text("qwen2")],
      ["tokenizer.ggml.eos_token_id", { type: "uint32", value: 1 }],
      ["tokenizer.ggml.tokens", { type: "array", itemType: "string", items: ["<s>", "</s>"] }],
    ]),
  };
}

const warningsOf = (keys: FileKeys, object: JsonObject, gguf = file("llama"), tokenizerConfig: JsonObject = {}) =>
  keyWarnings(keys, { gguf, object, tokenizerConfig }).map(({ code, message }) => `${code}: ${message}`);

const folder = new URL("../fixtures/models/", import.meta.url);
const configs = readdirSync(folder).map((name) => {
  const { config } = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as { config: JsonObject };
  return { name, config, family: findFamily(config) };
});

test("configurations of published models contain no unknown key, and lose only Phi 3's window", () => {
  const found = configs.flatMap(({ name, config, family }) =>
    family === undefined
      ? []
      : warningsOf(configKeys, mergedConfig(config), file(family.gguf)).map((text) => `${name}: ${text}`),
  );
  expect(found).toEqual([
    expect.stringMatching(/^phi-3-mini.*QW-KEYS-LOST: config.json, `sliding_window` \(2047\): llama/),
  ]);
});

test("the keys that native conversion reads in these models are listed", () => {
  for (const { config, family } of configs) {
    if (family === undefined) continue;
    const asked = new Set<string>();
    const h = readModelConfig(family, config);
    const watched = new Proxy(h.values, {
      get(values, key) {
        asked.add(String(key));
        return Reflect.get(values, key);
      },
    });
    const model = { h: Object.assign(Object.create(Object.getPrototypeOf(h)), { values: watched }), fileType: 0 };
    family.metadata({ ...model, rope: readRope(model.h, family.ropeTypes) });
    family.tensors(model.h);
    const known = [...configKeys.read, ...Object.keys(configKeys.lost)];
    expect([...asked].filter((key) => config[key] !== undefined && !known.includes(key))).toEqual([]);
  }
});

test.each<[FileKeys, JsonObject, string, string?]>([
  [configKeys, { hidden_act: "gelu" }, '`hidden_act` ("gelu")'],
  [configKeys, { model_type: "mistral", sliding_window: 4096, max_position_embeddings: 32_768 }, "(4096)"],
  [configKeys, { use_sliding_window: true }, "`use_sliding_window` (true)", "qwen2"],
  [configKeys, { attn_output_gate: false }, "`attn_output_gate` (false)", "qwen35"],
  [configKeys, { norm_topk_prob: false }, "`norm_topk_prob` (false)", "qwen3moe"],
  [configKeys, {}, "`norm_topk_prob` (missing)", "qwen3moe"],
  [configKeys, { query_pre_attn_scalar: 168, head_dim: 256 }, "`query_pre_attn_scalar` (168)", "gemma3"],
  [configKeys, { layer_types: ["full_attention", "sliding_attention"] }, "`layer_types`:", "gemma2"],
  [configKeys, { rope_scaling: { type: "dynamic", factor: 2 } }, '`rope_scaling.type` ("dynamic")', "falcon"],
  [
    configKeys,
    { rope_parameters: { rope_type: "default" }, rope_scaling: { rope_type: "linear", factor: 8 } },
    "`rope_scaling`:",
  ],
  [configKeys, { rope_parameters: { rope_theta: 1e4 }, rope_theta: 5e5 }, "`rope_theta` (500000)"],
  [
    configKeys,
    { rope_parameters: { full_attention: { rope_theta: 1e6, partial_rotary_factor: 1 } }, partial_rotary_factor: 0.5 },
    "`partial_rotary_factor` (0.5)",
  ],
  [generationKeys, { do_sample: false, temperature: 0.7 }, "`do_sample` (false)"],
  [generationKeys, { suppress_tokens: [5] }, "`suppress_tokens`:"],
  [tokenizerConfigKeys, { split_special_tokens: true }, "`split_special_tokens` (true)"],
  [tokenizerKeys, { normalizer: { type: "Sequence", normalizers: [{ type: "NFKC" }] } }, "`normalizer`:"],
  [tokenizerKeys, { model: { type: "BPE", ignore_merges: true } }, "`model.ignore_merges` (true)"],
  [tokenizerKeys, { added_tokens: [{ id: 0, content: "<t>", lstrip: true }] }, "`added_tokens`:"],
  [
    tokenizerKeys,
    {
      post_processor: {
        type: "TemplateProcessing",
        single: [{ SpecialToken: {} }, { SpecialToken: {} }, { Sequence: {} }],
      },
    },
    "`post_processor`:",
  ],
  [specialTokensMapKeys, { eos_token: { content: "<|end|>" } }, "`eos_token`:"],
])("%# a value that llama.cpp reads in another way is named", (keys, object, part, architecture) => {
  const [warning = "", ...more] = warningsOf(keys, object, file(architecture ?? "llama"));
  expect(warning).toContain(`QW-KEYS-LOST: ${keys.file}, `);
  expect(warning).toContain(part);
  expect(more).toEqual([]);
});

test("a SentencePiece model without the former spaces is named once", () => {
  const spm = file("llama", "llama");
  const tokenizer = { pre_tokenizer: { type: "Metaspace", prepend_scheme: "first" } };
  expect(warningsOf(tokenizerConfigKeys, { legacy: false }, spm)).toHaveLength(1);
  expect(warningsOf(tokenizerKeys, tokenizer, spm)).toHaveLength(1);
  expect(warningsOf(tokenizerKeys, tokenizer, spm, { legacy: false })).toEqual([]);
  spm.metadata.set("tokenizer.ggml.add_space_prefix", { type: "bool", value: false });
  expect(warningsOf(tokenizerConfigKeys, { legacy: false }, spm)).toEqual([]);
});

test("settings of a tokenizer.model that llama.cpp does not know are named", () => {
  const spm = file("llama", "llama");
  const pieces = [
    { text: "<unk>", score: 0, type: 2 },
    { text: "a", score: -1, type: 1 },
  ];
  const usual = readSettings(encodeSentencePiece(pieces, { addDummyPrefix: true }));
  expect(warningsOf(sentencePieceKeys, usual, spm)).toEqual([]);
  // A file without settings has the library's defaults: a Unigram that removes blanks.
  const messages = warningsOf(sentencePieceKeys, readSettings(Buffer.alloc(0)), spm);
  expect(messages).toEqual([
    expect.stringContaining("tokenizer.model, `trainer_spec.model_type` (1): llama.cpp merges"),
    expect.stringContaining("tokenizer.model, `normalizer_spec.remove_extra_whitespaces` (true)"),
  ]);
  expect(warningsOf(sentencePieceKeys, readSettings(Buffer.alloc(0)), file("llama", "t5"))).toEqual([]);
  const noPrefix = readSettings(encodeSentencePiece(pieces, { addDummyPrefix: false }));
  expect(warningsOf(sentencePieceKeys, noPrefix, spm)).toEqual([
    expect.stringContaining("`normalizer_spec.add_dummy_prefix` (false)"),
  ]);
  spm.metadata.set("tokenizer.ggml.add_space_prefix", { type: "bool", value: false });
  expect(warningsOf(sentencePieceKeys, noPrefix, spm)).toEqual([]);
});

test("settings of rotary embedding that two keys have in common are not reported", () => {
  const scaling = { type: "linear", factor: 8 };
  const parameters = { rope_type: "linear", factor: 8, rope_theta: 1e6 };
  for (const rope_parameters of [parameters, { full_attention: parameters, sliding_attention: { rope_theta: 1e4 } }]) {
    const config = { rope_parameters, rope_scaling: scaling, rope_theta: 1e6 };
    expect(warningsOf(configKeys, config)).toEqual([]);
  }
  expect(warningsOf(configKeys, { rope_parameters: parameters, rope_scaling: null })).toEqual([]);
});

test("a token at the beginning of each text that is another one in the file is named", () => {
  const spm = file("llama", "llama");
  spm.metadata.set("tokenizer.ggml.bos_token_id", { type: "uint32", value: 0 });
  expect(warningsOf(tokenizerConfigKeys, { bos_token: "<s>" }, spm)).toEqual([]);
  expect(warningsOf(tokenizerConfigKeys, { bos_token: "</s>" }, spm)).toEqual([
    expect.stringMatching(/^QW-KEYS-LOST: tokenizer_config.json, `bos_token` \("<\/s>"\): transformers begins/),
  ]);
  spm.metadata.set("tokenizer.ggml.add_bos_token", { type: "bool", value: false });
  expect(warningsOf(tokenizerConfigKeys, { bos_token: "</s>" }, spm)).toEqual([]);
});

test("neutral values, and a map that transformers does not read, are not reported", () => {
  expect(warningsOf(tokenizerKeys, { normalizer: { type: "NFC" } }, file("qwen2"))).toEqual([]);
  const neutral = { num_beams: 1, suppress_tokens: null, bad_words_ids: [], do_sample: true, temperature: 0.6 };
  expect(warningsOf(generationKeys, neutral)).toEqual([]);
  const map = { eos_token: "<|end|>" };
  expect(warningsOf(specialTokensMapKeys, map, file("llama"), { added_tokens_decoder: {} })).toEqual([]);
});

test("unknown keys are named together; keys that the converter's source contains are not", () => {
  const config = { mystery_gate: 1, rope_scaling: { rope_type: "yarn", wobble: 2 }, kv_lora_rank: 3 };
  expect(warningsOf(configKeys, config)).toEqual([
    'QW-KEYS-UNKNOWN: config.json contains keys that the conversion ignores, with an unknown effect: "mystery_gate", "rope_scaling.wobble" and "kv_lora_rank"',
  ]);
  const facts = { gguf: file("deepseek2"), object: config, tokenizerConfig: {} };
  const [warning] = keyWarnings(configKeys, facts, new Set(["kv_lora_rank"]));
  expect(warning?.message).not.toContain("kv_lora_rank");
});

test("no key is listed twice", () => {
  for (const { file: name, read, withoutEffect, lost } of checkpointKeys) {
    const all = [...read, ...withoutEffect, ...Object.keys(lost)];
    expect(all.filter((key, i) => all.indexOf(key) !== i).map((key) => `${name}: ${key}`)).toEqual([]);
  }
});
