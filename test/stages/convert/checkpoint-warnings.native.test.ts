import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readConfig } from "../../../src/checkpoint/read-config.js";
import { metadataNumber } from "../../../src/gguf/metadata.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { convertNative } from "../../../src/stages/convert/convert-native.js";
import { foreseeCheckpoint } from "../../../src/stages/convert/foresee-checkpoint.js";
import type { Warning } from "../../../src/util/warnings.js";
import type { DecoderTraits } from "../../fixtures/checkpoints/decoder-tensors.js";
import { makeCheckpoint } from "../../fixtures/checkpoints/make-checkpoint.js";
import { smallLlama } from "../../fixtures/checkpoints/small-llama.js";
import { failureOf } from "../../fixtures/failure.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();
let run: ToolRun;

beforeAll(async () => {
  run = { toolchain: await resolveToolchain(), cwd: folder, threads: 1 };
});

/**
 * Converts a small Llama with the demo's tokenizer.model and these files; returns the file, and the warnings of the step,
 * which a plan must foresee.
 */
async function convert(name: string, rows: number, extra: Record<string, object>, traits: DecoderTraits = {}) {
  const snapshot = join(folder, name);
  await makeCheckpoint(snapshot, { ...smallLlama({ vocab_size: rows }, traits), extra });
  const warnings: Warning[] = [];
  const context = stageContext(run, { snapshot }, { warn: (warning) => warnings.push(warning) });
  const params = { outtype: "bf16" as const, modelName: "M", baseModel: null, metadata: {}, pretokenizer: "auto" };
  await convertNative.run({ ...params, why: "a test", fallback: false }, context);
  const { config } = await readConfig(join(snapshot, "config.json"));
  const checkpoint = { folder: snapshot, config, pretokenizer: "auto", modelName: "M", isNative: true };
  expect(await foreseeCheckpoint(checkpoint, context)).toEqual(warnings);
  return { warnings, file: join(context.out, "model.gguf") };
}

const warningsOf = async (...args: Parameters<typeof convert>) => (await convert(...args)).warnings;

test("tokens of a fine-tune that stand in tokenizer.json alone are named", async () => {
  const added_tokens = ["<|call|>", "<|reply|>"].map((content, i) => ({ id: 4096 + i, content, special: true }));
  const [warning, ...others] = await warningsOf("added", 4098, { "tokenizer.json": { added_tokens } });
  expect(others).toEqual([]);
  expect(warning).toMatchObject({ code: "QW-TOKENS-MISSING" });
  expect(warning?.message).toContain("2 tokens that the file lacks");
  expect(warning?.message).toContain('"<|call|>" and "<|reply|>"');
});

test("an adapter beside the weights is named, with what to do", async () => {
  const [warning, ...others] = await warningsOf("adapter", 4096, { "adapter_config.json": { peft_type: "LORA" } });
  expect(others).toEqual([]);
  expect(warning).toMatchObject({
    code: "QW-ADAPTER-LOST",
    remedy: expect.stringContaining("quantsmith convert-lora"),
  });
});

test("a token of another file that has no row is named", async () => {
  const [warning, ...others] = await warningsOf("padded", 4096, { "added_tokens.json": { "[PAD]": 4096 } });
  expect(others).toEqual([]);
  expect(warning).toMatchObject({
    code: "QW-TOKENS-MISSING",
    message: 'added_tokens.json contains a token that the file lacks, since the model has 4096 rows: "[PAD]"',
  });
});

test("an end of turn that stands in generation_config.json alone is named", async () => {
  const [warning, ...others] = await warningsOf("ends", 4096, { "generation_config.json": { eos_token_id: [2, 300] } });
  expect(others).toEqual([]);
  expect(warning).toMatchObject({ code: "QW-TOKENS-END", remedy: expect.stringContaining("uint32=300") });
});

test("an end of turn that the chat template uses is written", async () => {
  const { file, warnings } = await convert("implied", 4096, { "generation_config.json": { eos_token_id: [2, 3] } });
  expect(warnings).toEqual([]);
  expect(metadataNumber(await readGguf(file), "tokenizer.ggml.eot_token_id")).toBe(3);
});

test("an access token in a setting that every variant would contain is an error", async () => {
  const settings = { "generation_config.json": { eos_token_id: 2, sequence: `hf_${"a".repeat(34)}` } };
  expect((await failureOf(convert("secret", 4096, settings))).code).toBe("QS-CONVERT-TOKEN");
});

test("a usual checkpoint has no warnings", async () => {
  expect(await warningsOf("usual", 4096, { "generation_config.json": { eos_token_id: [2, 4] } })).toEqual([]);
});

test("an output matrix that tied embeddings replace in transformers is named", async () => {
  const [warning, ...others] = await warningsOf("tied", 4096, {}, { head: true });
  expect(others).toEqual([]);
  expect(warning).toMatchObject({ code: "QW-WEIGHTS-TIED" });
});

test("a key that llama.cpp does not express is named", async () => {
  const settings = { "generation_config.json": { eos_token_id: 2, suppress_tokens: [7] } };
  expect(await warningsOf("suppressed", 4096, settings)).toMatchObject([{ code: "QW-KEYS-LOST" }]);
});

test("biases that transformers ignores are named", async () => {
  const [warning, ...others] = await warningsOf("biases", 4096, {}, { bias: true });
  expect(others).toEqual([]);
  expect(warning).toMatchObject({
    code: "QW-WEIGHTS-BIAS",
    message: expect.stringMatching(/^config.json, `attention_bias` \(not true\).*"blk\.0\.attn_k\.bias" and 5 more$/),
  });
});
