import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { indexFileName } from "../../src/checkpoint/weight-index.js";
import { checkNative } from "../../src/converter/check-native.js";
import { findFamily } from "../../src/converter/families/find-family.js";
import { readModelConfig } from "../../src/converter/model-config.js";
import { readRope } from "../../src/converter/rope-parameters.js";
import { writeNative } from "../../src/converter/write-model.js";
import { readGguf } from "../../src/gguf/read-header.js";
import type { JsonObject } from "../../src/util/canonical-json.js";
import type { ErrorCode } from "../../src/util/error-codes.js";
import { failureOf, thrownBy } from "../fixtures/failure.js";
import { rawSafetensors } from "../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const llama = {
  ...{ architectures: ["LlamaForCausalLM"], model_type: "llama", vocab_size: 6, hidden_size: 8 },
  ...{ num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 4, tie_word_embeddings: true },
};
const mixtral = {
  ...{ ...llama, architectures: ["MixtralForCausalLM"], model_type: "mixtral", num_local_experts: 2 },
  num_key_value_heads: 2,
};

type Shapes = Record<string, { dtype?: string; shape: readonly number[] }>;

/** Returns every required tensor of a configuration. */
function tensorsOf(config: JsonObject): Shapes {
  const family = familyOf(config);
  const rules = family.tensors(readModelConfig(family, config));
  return Object.fromEntries(
    [...rules].filter(([, { required }]) => required).map(([name, { shape }]) => [name, { shape }]),
  );
}

function familyOf(config: JsonObject) {
  const family = findFamily(config);
  if (family === undefined) throw new Error("the test names an unknown architecture");
  return family;
}

/** Builds a safetensors file of counting values, so that all rows differ. */
function weights(shapes: Shapes): Buffer {
  const bytes: Record<string, number> = { F64: 8, I32: 4, F32: 4, BF16: 2, F16: 2, F8_E4M3: 1 };
  let end = 0;
  const entries = Object.entries(shapes).map(([name, { dtype = "BF16", shape }]) => {
    const begin = end;
    end += shape.reduce((product, size) => product * size, bytes[dtype] ?? 0);
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const file = rawSafetensors(JSON.stringify(Object.fromEntries(entries)), end);
  for (let i = 0; i < end / 2; i++) file.writeUInt16LE(0x3c00 + (i % 0x300), file.length - end + 2 * i);
  return file;
}

async function convert(
  config: JsonObject,
  files: Record<string, Buffer | string>,
  signal?: AbortSignal,
): Promise<string> {
  const folder = await mkdtemp(join(base, "model-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const outFile = join(folder, "out.gguf");
  await writeNative({
    ...{ folder, family: familyOf(config), config, outtype: "bf16", tokenizer: [], outFile, threads: 2 },
    general: { modelName: "Test", baseModel: null, metadata: {} },
    signal: signal ?? new AbortController().signal,
    onProgress: () => {},
  });
  return outFile;
}

const single = (shapes: Shapes) => ({ "model.safetensors": weights(shapes) });

describe("a complete checkpoint", () => {
  test("is written with experts merged in expert order", async () => {
    const shapes = tensorsOf(mixtral);
    const outFile = await convert(mixtral, single(shapes));
    const gguf = await readGguf(outFile);
    expect(gguf.tensors.map(({ name, shape, type }) => `${name} ${type.name} ${shape.join("x")}`)).toEqual([
      "token_embd.weight BF16 8x6",
      "blk.0.ffn_gate_exps.weight BF16 8x4x2",
      "blk.0.ffn_down_exps.weight BF16 4x8x2",
      "blk.0.ffn_up_exps.weight BF16 8x4x2",
      "blk.0.ffn_gate_inp.weight F32 8x2",
      "blk.0.attn_norm.weight F32 8",
      "blk.0.ffn_norm.weight F32 8",
      "blk.0.attn_k.weight BF16 8x8",
      "blk.0.attn_output.weight BF16 8x8",
      "blk.0.attn_q.weight BF16 8x8",
      "blk.0.attn_v.weight BF16 8x8",
      "output_norm.weight F32 8",
    ]);
    const names = Object.keys(shapes);
    const source = weights(shapes);
    const at = (expert: number, matrix: string) => {
      const before = names.slice(
        0,
        names.indexOf(`model.layers.0.block_sparse_moe.experts.${expert}.${matrix}.weight`),
      );
      const start = source.length - weightBytes(shapes, names) + weightBytes(shapes, before);
      return source.subarray(start, start + 64);
    };
    const up = gguf.tensors.find(({ name }) => name === "blk.0.ffn_up_exps.weight");
    const file = await readFile(outFile);
    const start = up?.offset ?? 0;
    expect(file.subarray(start, start + 128).equals(Buffer.concat([at(0, "w3"), at(1, "w3")]))).toBe(true);
  });

  test("an aborted conversion ends with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(convert(llama, single(tensorsOf(llama)), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

function weightBytes(shapes: Shapes, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + 2 * (shapes[name]?.shape ?? []).reduce((all, size) => all * size, 1), 0);
}

const q = "model.layers.0.self_attn.q_proj.weight";
const expert = "model.layers.0.block_sparse_moe.experts.1.w2.weight";

describe("weights that do not match are rejected", () => {
  const cases: [string, ErrorCode, RegExp, JsonObject, (shapes: Shapes) => Shapes][] = [
    ["a tensor is missing", "QS-CONVERT-WEIGHTS", /q_proj.weight" is missing/, llama, ({ [q]: _, ...rest }) => rest],
    [
      "an expert is missing",
      "QS-CONVERT-WEIGHTS",
      /w2.weight" is missing/,
      mixtral,
      ({ [expert]: _, ...rest }) => rest,
    ],
    [
      "an unknown tensor",
      "QS-CONVERT-WEIGHTS",
      /no tensor "model.surprise"/,
      llama,
      (all) => ({ ...all, "model.surprise": { shape: [2] } }),
    ],
    [
      "an extra layer",
      "QS-CONVERT-WEIGHTS",
      /layers\.1/,
      llama,
      (all) => ({ ...all, "model.layers.1.input_layernorm.weight": { shape: [8] } }),
    ],
    [
      "an extra expert",
      "QS-CONVERT-WEIGHTS",
      /experts\.2/,
      mixtral,
      (all) => ({ ...all, [expert.replace("experts.1", "experts.2")]: { shape: [8, 4] } }),
    ],
    [
      "another shape",
      "QS-CONVERT-WEIGHTS",
      /\[8, 6\], not \[8, 8\]/,
      llama,
      (all) => ({ ...all, [q]: { shape: [8, 6] } }),
    ],
    [
      "the same size in another shape",
      "QS-CONVERT-WEIGHTS",
      /\[64\], not \[8, 8\]/,
      llama,
      (all) => ({ ...all, [q]: { shape: [64] } }),
    ],
    [
      "8-bit floats",
      "QS-CONVERT-NATIVE",
      /F8_E4M3/,
      llama,
      (all) => ({ ...all, [q]: { dtype: "F8_E4M3", shape: [8, 8] } }),
    ],
    ["doubles", "QS-CONVERT-NATIVE", /F64/, llama, (all) => ({ ...all, [q]: { dtype: "F64", shape: [8, 8] } })],
    ["integers", "QS-CONVERT-NATIVE", /I32/, mixtral, (all) => ({ ...all, [expert]: { dtype: "I32", shape: [8, 4] } })],
  ];
  for (const [name, code, message, config, change] of cases) {
    test(name, async () => {
      const failure = await failureOf(convert(config, single(change(tensorsOf(config)))));
      expect(failure.code).toBe(code);
      expect(failure.message).toMatch(message);
      expect(failure.remedy).toContain("engine: upstream");
    });
  }

  test("an unknown dtype", async () => {
    const failure = await failureOf(
      convert(llama, single({ ...tensorsOf(llama), [q]: { dtype: "X9", shape: [8, 8] } })),
    );
    expect(failure.code).toBe("QS-FETCH-SAFETENSORS");
  });

  test("a tensor in two shards", async () => {
    const [one, two] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
    const all = tensorsOf(llama);
    const weightMap = Object.fromEntries(Object.keys(all).map((name) => [name, name === q ? two : one]));
    const files = {
      [one]: weights(all),
      [two]: weights({ [q]: { shape: [8, 8] } }),
      [indexFileName]: JSON.stringify({ weight_map: weightMap }),
    };
    expect((await failureOf(convert(llama, files))).code).toBe("QS-FETCH-INDEX");
  });

  test("pickled weights, and files that mark another kind of weights", async () => {
    expect((await failureOf(convert(llama, { "pytorch_model.bin": "x" }))).code).toBe("QS-CONVERT-NATIVE");
    const name = "hf_quant_config.json";
    const failure = await failureOf(convert(llama, { ...single(tensorsOf(llama)), [name]: "{}" }));
    expect(failure.code).toBe("QS-CONVERT-NATIVE");
    expect(failure.message).toContain(name);
  });
});

describe("unsupported configurations are rejected before weights are read", () => {
  const config = "QS-CONVERT-CONFIG";
  const native = "QS-CONVERT-NATIVE";
  const llama3 = {
    ...{ rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4, rope_theta: 5e5 },
    original_max_position_embeddings: 8192,
  };
  const scaling = (given: JsonObject) => ({ ...llama, rope_scaling: given });
  const longrope = { ...llama, architectures: ["Phi3ForCausalLM"], model_type: "phi3" };
  const gemma2 = { ...llama, architectures: ["Gemma2ForCausalLM"], model_type: "gemma2", num_key_value_heads: 2 };
  const gemma3 = { ...gemma2, architectures: ["Gemma3ForCausalLM"], model_type: "gemma3_text" };
  const cases: [ErrorCode, RegExp, JsonObject][] = [
    [config, /hidden_size is "64"/, { ...llama, hidden_size: "64" }],
    [config, /hidden_size is missing/, { ...llama, hidden_size: null }],
    [config, /num_hidden_layers is 1000000000/, { ...llama, num_hidden_layers: 1e9 }],
    [config, /num_hidden_layers is 1.5/, { ...llama, num_hidden_layers: 1.5 }],
    [config, /num_attention_heads is -2/, { ...llama, num_attention_heads: -2 }],
    [config, /num_attention_heads is missing or 0/, { ...llama, num_attention_heads: 0 }],
    [config, /num_attention_heads 2 is not a multiple of num_key_value_heads 0/, { ...llama, num_key_value_heads: 0 }],
    [
      config,
      /num_attention_heads 4 is not a multiple of num_key_value_heads 3/,
      { ...llama, num_attention_heads: 4, num_key_value_heads: 3 },
    ],
    [config, /head_dim is 0 for num_attention_heads 16/, { ...llama, num_attention_heads: 16 }],
    [config, /head_dim is 3/, { ...llama, head_dim: 3 }],
    [config, /vocab_size is true/, { ...llama, vocab_size: true }],
    [config, /num_local_experts/, { ...mixtral, num_hidden_layers: 1000, num_local_experts: 1000 }],
    [config, /rms_norm_eps/, { ...llama, rms_norm_eps: "small" }],
    [config, /rms_norm_eps/, { ...llama, rms_norm_eps: 1e300 }],
    [config, /rope_scaling is not a JSON object/, { ...llama, rope_scaling: "linear" }],
    [native, /type linear without factor/, scaling({ rope_type: "linear" })],
    [native, /without a type/, scaling({})],
    [native, /without a type/, scaling({ factor: 2 })],
    [native, /without low_freq_factor/, scaling({ rope_type: "llama3", factor: 8, rope_theta: 1 })],
    [config, /factor is/, scaling({ ...llama3, factor: 0 })],
    [native, /id2label/, { ...llama, id2label: { a: "b" } }],
    [native, /pruned_heads/, { ...llama, pruned_heads: null }],
    [native, /problem_type "odd"/, { ...llama, problem_type: "odd" }],
    [native, /use_return_dict/, { ...llama, use_return_dict: true }],
    [config, /long_factor/, { ...longrope, rope_scaling: { type: "longrope", long_factor: [1], short_factor: [1] } }],
    [native, /rope type "dynamic"/, scaling({ type: "dynamic", factor: 2 })],
    [native, /two different rope types/, scaling({ type: "linear", rope_type: "yarn", factor: 2 })],
    [native, /mrope/, scaling({ rope_type: "default", mrope_section: [1, 2, 3] })],
    [native, /quantized weights/, { ...llama, quantization_config: { quant_method: "gptq" } }],
    [native, /model_type "mamba"/, { ...llama, model_type: "mamba" }],
    [native, /model_type "constructor"/, { ...llama, model_type: "constructor" }],
    [native, /text_config/, { ...llama, text_config: {} }],
    [native, /n_layers/, { ...llama, n_layers: 3 }],
    [native, /without attn_logit_softcapping/, { ...gemma2, attn_logit_softcapping: null }],
    [native, /without sliding_window/, { ...gemma2, sliding_window: null }],
    [native, /without head_dim/, { ...gemma3, head_dim: null }],
    [native, /without rms_norm_eps/, { ...longrope, rms_norm_eps: null }],
    [native, /only with the keys long_factor/, { ...longrope, rope_scaling: { type: "longrope", long_factor: [1] } }],
  ];
  for (const [code, message, given] of cases) {
    test(`${code} ${message.source}`, () => {
      const failure = thrownBy(() => checkNative(familyOf(given), { config: given, modelName: "Test", files: [] }));
      expect(failure.message).toMatch(message);
      expect(failure.code).toBe(code);
    });
  }

  test("Phi 3's attention factor depends on the written context length", () => {
    const factors = { type: "longrope", long_factor: [1], short_factor: [1] };
    const config = { ...longrope, hidden_size: 4, rope_scaling: factors, original_max_position_embeddings: 2048 };
    const attention = (more: JsonObject) => {
      const h = readModelConfig(familyOf(config), { ...config, max_position_embeddings: 4096, ...more });
      const generated = familyOf(config).generated?.({ h, rope: readRope(h, ["longrope"]), fileType: 0 });
      return generated?.metadata?.map(([, value]) => (value.type === "float32" ? value.value : undefined));
    };
    expect(attention({})).toEqual([Math.sqrt(1 + Math.log(2) / Math.log(2048))]);
    expect(attention({ n_positions: 77 })).toEqual([1]);
  });

  test("a reranker, which differs from its family only by name", () => {
    const qwen = { ...llama, architectures: ["Qwen3ForCausalLM"], model_type: "qwen3", num_key_value_heads: 2 };
    const check = (modelName: string) => () => checkNative(familyOf(qwen), { config: qwen, modelName, files: [] });
    expect(thrownBy(check("Qwen3-Reranker-0.6B")).code).toBe("QS-CONVERT-NATIVE");
    expect(check("Qwen3-0.6B")).not.toThrow();
  });
});

test("an architecture without a family", () => {
  for (const architectures of [["MambaForCausalLM"], [], "LlamaForCausalLM", undefined]) {
    expect(findFamily({ ...(architectures === undefined ? {} : { architectures }) })).toBeUndefined();
  }
});
