import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { convertNative } from "../../src/stages/convert/convert-native.js";
import type { Checkpoint } from "../fixtures/checkpoints/checkpoint.js";
import { convertCheckpoint } from "../fixtures/checkpoints/convert-checkpoint.js";
import { checkpoints, makeCheckpoint } from "../fixtures/checkpoints/make-checkpoint.js";
import { failureOf } from "../fixtures/failure.js";
import { rawSafetensors } from "../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
let count = 0;

/** Returns code and message of the error for a damaged checkpoint. */
async function refusal(checkpoint: Checkpoint, spoil: (folder: string) => void = () => {}): Promise<string> {
  const cwd = join(home, `${count++}`);
  await makeCheckpoint(cwd, checkpoint);
  spoil(cwd);
  const run: ToolRun = { toolchain: await resolveToolchain(), cwd, threads: availableParallelism() };
  const { code, message, remedy } = await failureOf(convertCheckpoint(convertNative, checkpoint, cwd, run));
  expect(remedy).not.toBe("");
  expect(message.length).toBeLessThan(1000);
  return `${code}: ${message}`;
}

function named(name: string): Checkpoint {
  const found = checkpoints.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no checkpoint ${name}`);
  return found;
}

const llama = named("llama-bf16-to-f16");
const mixtral = named("mixtral");
const llama3 = {
  ...{ rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
  original_max_position_embeddings: 8192,
};
const withConfig = (change: object, base = llama): Checkpoint => ({ ...base, config: { ...base.config, ...change } });
const layer = "model.layers.1";

/** Changes the shape of a tensor, or removes the tensor. */
function withShape(name: string, shape: readonly number[] | undefined, base = llama): Checkpoint {
  const tensors = base.tensors.flatMap((tensor) =>
    tensor.name !== name ? [tensor] : shape === undefined ? [] : [{ ...tensor, shape }],
  );
  return { ...base, tensors };
}

function withTensor(name: string, shape: readonly number[], base = llama): Checkpoint {
  return { ...base, tensors: [...base.tensors, { name, shape, dtype: "BF16", around: 0 }] };
}

describe("weights that do not match config.json", () => {
  test.each<[string, Checkpoint, RegExp]>([
    ["a narrow matrix", withShape(`${layer}.self_attn.q_proj.weight`, [64, 63]), /q_proj.*\[64, 63\]/],
    ["a transposed matrix", withShape(`${layer}.mlp.down_proj.weight`, [176, 64]), /down_proj/],
    ["a matrix of one dimension", withShape(`${layer}.mlp.up_proj.weight`, [176 * 64]), /up_proj/],
    ["a norm as a matrix", withShape("model.norm.weight", [64, 1]), /model\.norm/],
    ["an empty tensor", withShape(`${layer}.mlp.up_proj.weight`, [0, 64]), /up_proj/],
    ["more rows than vocab_size", withShape("model.embed_tokens.weight", [4097, 64]), /embed_tokens/],
    ["a missing matrix", withShape(`${layer}.self_attn.k_proj.weight`, undefined), /k_proj.*missing/],
    ["a missing norm", withShape("model.norm.weight", undefined), /model\.norm.*missing/],
    ["missing embeddings", withShape("model.embed_tokens.weight", undefined), /embed_tokens.*missing/],
    ["a missing output matrix without tied embeddings", withShape("lm_head.weight", undefined), /lm_head.*missing/],
    ["an unknown tensor", withTensor(`${layer}.self_attn.mystery.weight`, [64]), /mystery/],
    ["an extra layer", withTensor("model.layers.2.input_layernorm.weight", [64]), /layers\.2/],
    ["a norm of another family", withTensor(`${layer}.self_attn.q_norm.weight`, [16]), /q_norm/],
    [
      "a missing expert",
      withShape(`${layer}.block_sparse_moe.experts.3.w2.weight`, undefined, mixtral),
      /experts\.3\.w2.*missing/,
    ],
    [
      "an extra expert",
      withTensor(`${layer}.block_sparse_moe.experts.4.w1.weight`, [176, 64], mixtral),
      /experts\.4\.w1/,
    ],
  ])("%s", async (_, checkpoint, message) => {
    expect(await refusal(checkpoint)).toMatch(new RegExp(`^QS-CONVERT-WEIGHTS: .*${message.source}`));
  });
});

describe("a config.json with impossible values", () => {
  test.each<[object, RegExp]>([
    [{ hidden_size: "64" }, /hidden_size/],
    [{ hidden_size: -64 }, /hidden_size/],
    [{ hidden_size: 64.5 }, /hidden_size/],
    [{ hidden_size: 1e300 }, /hidden_size/],
    [{ hidden_size: 0 }, /hidden_size/],
    [{ num_hidden_layers: 1e9 }, /num_hidden_layers/],
    [{ num_hidden_layers: [2] }, /num_hidden_layers/],
    [{ num_attention_heads: 0 }, /num_attention_heads|head/],
    [{ num_attention_heads: 3 }, /./],
    [{ num_key_value_heads: { a: 1 } }, /num_key_value_heads/],
    [{ intermediate_size: true }, /intermediate_size/],
    [{ vocab_size: 2 ** 40 }, /vocab_size/],
    [{ vocab_size: 100 }, /./],
    [{ head_dim: 15 }, /./],
    [{ rms_norm_eps: "1e-5" }, /rms_norm_eps/],
    [{ rms_norm_eps: 1e300 }, /rms_norm_eps/],
    [{ rope_theta: "many" }, /rope_theta/],
    [{ max_position_embeddings: -1 }, /max_position_embeddings/],
    [{ rope_scaling: "linear" }, /rope_scaling/],
    [{ rope_scaling: { type: "linear", factor: "4" } }, /factor/],
    [{ rope_scaling: { ...llama3, factor: null }, rope_theta: 5e5 }, /factor/],
  ])("%j", async (change, message) => {
    expect(await refusal(withConfig(change))).toMatch(
      new RegExp(`^QS-CONVERT-(CONFIG|WEIGHTS|TOKENIZER): .*${message.source}`),
    );
  });

  test.each<[object, Checkpoint]>([
    [{ num_local_experts: 0 }, mixtral],
    [{ num_local_experts: 1e9 }, mixtral],
    [{ num_local_experts: 3 }, mixtral],
    [{ rope_scaling: { type: "longrope", long_factor: [1], short_factor: [1] } }, named("phi-3-longrope")],
    [{ sliding_window: -5 }, named("gemma-3-scaled")],
    [{ final_logit_softcapping: "50" }, named("gemma-3-scaled")],
  ])("%j", async (change, base) => {
    expect(await refusal(withConfig(change, base))).toMatch(/^QS-CONVERT-(CONFIG|WEIGHTS): /);
  });
});

describe("NaN and Infinity, which Python writes and reads", () => {
  test.each<[string, string, RegExp]>([
    ["config.json", '"rms_norm_eps": NaN', /^QS-CONVERT-CONFIG: config.json .*rms_norm_eps/],
    ["config.json", '"num_key_value_heads": -Infinity', /^QS-CONVERT-CONFIG: config.json .*num_key_value_heads/],
    ["generation_config.json", '"temperature": NaN', /^QS-CONVERT-CONFIG: generation_config.json .*temperature/],
    ["generation_config.json", '"top_k": Infinity', /^QS-CONVERT-CONFIG: generation_config.json .*top_k/],
  ])("%s: %s", async (name, member, message) => {
    const spoil = (folder: string) => {
      const before = name === "config.json" ? JSON.stringify(llama.config) : '{"top_p":1}';
      writeFileSync(join(folder, name), `${before.slice(0, -1)}, ${member}}`);
    };
    expect(await refusal(llama, spoil)).toMatch(message);
  });
});

test.each<[string, string | Buffer, RegExp]>([
  ["true instead of a number", '{"top_p": true}', /top_p is true/],
  ["invalid UTF-8", Buffer.from('{"top_k": 40, "a": "\xff"}', "latin1"), /UTF-8/],
  ["endless nesting", `{"top_k": 40, "a": ${"[".repeat(5000)}${"]".repeat(5000)}}`, /./],
])("a generation_config.json with %s", async (_, content, message) => {
  const spoil = (folder: string) => writeFileSync(join(folder, "generation_config.json"), content);
  expect(await refusal(llama, spoil)).toMatch(
    new RegExp(`^QS-CONVERT-CONFIG: generation_config.json .*${message.source}`),
  );
});

describe("checkpoints that only upstream's converter may support", () => {
  test.each<[string, object]>([
    ["GPTQ weights", { quantization_config: { quant_method: "gptq", bits: 4 } }],
    ["an unknown rope scaling", { rope_scaling: { rope_type: "dynamic", factor: 2 } }],
    ["an unknown architecture", { architectures: ["FutureForCausalLM"] }],
    ["another model type", { model_type: "future" }],
    ["a tower", { text_config: { hidden_size: 64 } }],
  ])("%s", async (_, change) => {
    expect(await refusal(withConfig(change))).toMatch(/^QS-CONVERT-NATIVE: /);
  });
});

interface Header {
  [name: string]: { dtype: unknown; shape: unknown; data_offsets: [number, number] };
}

/** Edits the header of a safetensors file and keeps its data. */
function editHeader(path: string, edit: (header: Header) => void): void {
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString("utf8", 8, end)) as Header;
  edit(header);
  writeFileSync(path, Buffer.concat([rawSafetensors(JSON.stringify(header), 0), bytes.subarray(end)]));
}

const headerOf = (edit: (header: Header) => void) => (folder: string) =>
  editHeader(join(folder, "model.safetensors"), edit);
const down = `${layer}.mlp.down_proj.weight`;
const setDown = (change: Partial<Header[string]>) => headerOf((header) => Object.assign(header[down] ?? {}, change));

describe("broken weight files", () => {
  test.each<[string, (folder: string) => void]>([
    ["fp8 values without quantization_config", setDown({ dtype: "F8_E4M3" })],
    ["integers", setDown({ dtype: "I16" })],
    ["an unknown dtype", setDown({ dtype: "BF17" })],
    ["a numeric dtype", setDown({ dtype: 16 })],
    ["a shape as text", setDown({ shape: "64x176" })],
    ["a negative shape", setDown({ shape: [-64, -176] })],
    ["a shape whose product overflows", setDown({ shape: [2 ** 40, 2 ** 40] })],
    ["data outside the file", setDown({ data_offsets: [1e9, 1e9 + 64 * 176 * 2] })],
    ["a truncated file", (folder) => truncateSync(join(folder, "model.safetensors"), 500_000)],
    ["an empty file", (folder) => truncateSync(join(folder, "model.safetensors"), 0)],
    ["no weights", (folder) => rmSync(join(folder, "model.safetensors"))],
    ["a truncated config.json", (folder) => truncateSync(join(folder, "config.json"), 100)],
  ])("%s", async (_, spoil) => {
    expect(await refusal(llama, spoil)).toMatch(/^QS-(CONVERT-(WEIGHTS|NATIVE)|FETCH-[A-Z-]+): /);
  });

  test("a tensor in two shards", async () => {
    const spoil = (folder: string) =>
      editHeader(join(folder, "model-00002-of-00002.safetensors"), (header) => {
        header["model.embed_tokens.weight"] = header["lm_head.weight"] ?? {
          dtype: "BF16",
          shape: [],
          data_offsets: [0, 0],
        };
        delete header["lm_head.weight"];
      });
    expect(await refusal({ ...llama, files: 2 }, spoil)).toMatch(/^QS-(FETCH-INDEX|CONVERT-WEIGHTS): .*embed_tokens/);
  });

  test("a missing shard", async () => {
    const spoil = (folder: string) => rmSync(join(folder, "model-00001-of-00002.safetensors"));
    expect(await refusal({ ...llama, files: 2 }, spoil)).toMatch(/^QS-FETCH-INDEX: .*00001/);
  });
});

describe("unusable tokenizer files", () => {
  const put = (name: string, content: string | Uint8Array) => (folder: string) =>
    writeFileSync(join(folder, name), content);
  test.each<[string, Checkpoint, (folder: string) => void]>([
    ["no tokenizer file", llama, (folder) => rmSync(join(folder, "tokenizer.model"))],
    ["an empty tokenizer.model", llama, put("tokenizer.model", "")],
    [
      "a Git LFS pointer as tokenizer.model",
      llama,
      put("tokenizer.model", "version https://git-lfs.github.com/spec/v1\n"),
    ],
    ["a truncated tokenizer.model", llama, (folder) => truncateSync(join(folder, "tokenizer.model"), 30_001)],
    ["a list as tokenizer_config.json", llama, put("tokenizer_config.json", "[1]")],
    ["a truncated tokenizer_config.json", llama, (folder) => truncateSync(join(folder, "tokenizer_config.json"), 99)],
    ["a number as chat template", { ...llama, tokenizerConfig: { chat_template: 7 } }, () => {}],
    ["added tokens out of range", { ...llama, extra: { "added_tokens.json": { "<x>": -1 } } }, () => {}],
    ["invalid JSON in tokenizer.json", named("mistral-fast"), put("tokenizer.json", '{ "model": ')],
    ["a tokenizer.json without a model", named("mistral-fast"), put("tokenizer.json", "{}")],
  ])("%s", async (_, checkpoint, spoil) => {
    expect(await refusal(checkpoint, spoil)).toMatch(
      /^QS-(CONVERT-(TOKENIZER|CONFIG|WEIGHTS|PRETOKENIZER)|LFS-POINTER): /,
    );
  });
});
