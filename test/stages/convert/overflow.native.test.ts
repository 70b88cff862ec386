import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSafetensorsHeader } from "../../../src/checkpoint/safetensors.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { convertNative } from "../../../src/stages/convert/convert-native.js";
import { checkpoints, makeCheckpoint } from "../../fixtures/checkpoints/make-checkpoint.js";
import { failureOf } from "../../fixtures/failure.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();
let count = 0;

/** Converts a checkpoint with another first value of a tensor of 32-bit floats. */
async function convert(name: string, outtype: "bf16" | "f16", tensor: string, value: number) {
  const checkpoint = checkpoints.find((one) => one.name === name);
  if (checkpoint === undefined) throw new Error(`no checkpoint ${name}`);
  const snapshot = join(home, `${name}-${++count}`);
  await makeCheckpoint(snapshot, checkpoint);
  const path = join(snapshot, "model.safetensors");
  const found = (await readSafetensorsHeader(path)).tensors.find((one) => one.name === tensor);
  if (found?.dtype !== "F32") throw new Error(`no 32-bit tensor ${tensor}`);
  const content = readFileSync(path);
  content.writeFloatLE(value, found.offset);
  writeFileSync(path, content);
  const context = stageContext({ toolchain: await resolveToolchain(), cwd: home, threads: 1 }, { snapshot });
  const params = { baseModel: null, metadata: {}, pretokenizer: "auto", why: "a test", fallback: false };
  return convertNative.run({ ...params, outtype, modelName: checkpoint.modelName }, context);
}

const norm = "model.layers.0.input_layernorm.weight";
const query = "model.layers.0.self_attn.q_proj.weight";

test("weights beyond the range of the base's type are an error with the tensor", async () => {
  const tooLarge = await failureOf(convert("llama-f32-to-f16", "f16", query, 65_520));
  expect(tooLarge).toMatchObject({
    code: "QS-CONVERT-OVERFLOW",
    message: 'the value at index 0 of "blk.0.attn_q.weight" is not finite in F16',
    remedy: expect.stringContaining("`bf16`"),
  });
  await convert("llama-f32-to-f16", "f16", query, 65_504);
  await convert("llama-f32-to-f16", "f16", norm, 65_520);
  await convert("llama-f32-to-f16", "bf16", query, 1e30);
  // The largest 32-bit float is rounded up.
  const beyondBfloat = await failureOf(convert("llama-f32-to-f16", "bf16", query, 3.4028234e38));
  expect(beyondBfloat).toMatchObject({ code: "QS-CONVERT-OVERFLOW", message: expect.stringContaining("in BF16") });
});

test("FP8 weights that their scale makes infinite are an error with the tensor", async () => {
  const scaled = convert("fp8-block", "bf16", `${query}_scale_inv`, 3e38);
  expect(await failureOf(scaled)).toMatchObject({
    code: "QS-CONVERT-OVERFLOW",
    message: expect.stringContaining('of "blk.0.attn_q.weight" is not finite in BF16'),
    remedy: expect.stringContaining("scales"),
  });
});
