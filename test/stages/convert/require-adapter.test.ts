import { join } from "node:path";
import { expect, test } from "vitest";
import { requireAdapter } from "../../../src/stages/convert/require-adapter.js";
import { put } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { buildSafetensors } from "../../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const name = (layer: number) => `base_model.model.model.layers.${layer}.self_attn.q_proj`;
const pair = (layer: number, rank: number) => ({
  [`${name(layer)}.lora_A.weight`]: [rank, 8],
  [`${name(layer)}.lora_B.weight`]: [8, rank],
});
const weights = buildSafetensors({ ...pair(0, 4), ...pair(1, 4) });
const severalRanks = buildSafetensors({ ...pair(0, 4), ...pair(1, 8) });

function read(config: string, model: string | Buffer): Promise<Record<string, unknown>> {
  const folder = temporaryFolder();
  put(join(folder, "adapter_config.json"), config);
  put(join(folder, "adapter_model.safetensors"), model);
  return requireAdapter(folder, { signal: new AbortController().signal });
}

async function failure(config: string, model: string | Buffer = weights) {
  const { code, at, message } = await failureOf(read(config, model).then(() => Promise.reject(new Error("accepted"))));
  expect(at?.file).toContain("adapter_");
  return { code, message };
}

const peft = { peft_type: "LORA", r: 4, lora_alpha: 8 };
const configOf = (more: object) => JSON.stringify({ ...peft, ...more });

test("a configuration or weights that the converter cannot read are errors with their place", async () => {
  for (const config of ["{", "[]", "{}", '{"lora_alpha": "16"}', '{"lora_alpha": 1e999}', "[".repeat(1000)])
    expect([config, (await failure(config)).code]).toEqual([config, "QS-CONVERT-ADAPTER"]);
  expect((await failure('{"lora_alpha": 16}', "\xff".repeat(20))).code).toBe("QS-FETCH-SAFETENSORS");
});

test("the alpha of the file gives each matrix the strength that it has in PEFT", async () => {
  const alphaOf = async (more: object, model = weights) => (await read(configOf(more), model)).lora_alpha;
  expect(await alphaOf({})).toBe(8);
  expect(await alphaOf({ alpha_pattern: { q_proj: 8 }, layer_replication: null, use_dora: false })).toBe(8);
  expect(await alphaOf({ rank_pattern: { "layers.1.q_proj": 8 } }, severalRanks)).toBe(8);
  // PEFT scales by 8 / √4, llama.cpp by alpha / 4.
  expect(await alphaOf({ use_rslora: true })).toBe(16);
});

test.each<[object, string, (string | Buffer)?]>([
  [{ alpha_pattern: { q_proj: 64 } }, "alpha_pattern"],
  [{ use_rslora: true, rank_pattern: { q_proj: 8 } }, "use_rslora", severalRanks],
  [{}, "rank 8", severalRanks],
  [{ lora_alpha: 0 }, "lora_alpha is 0"],
  [{ peft_type: "IA3" }, 'peft_type is "IA3"'],
  [{ use_dora: true }, "use_dora"],
  [{ fan_in_fan_out: true }, "fan_in_fan_out"],
  [{ layer_replication: [[0, 2]] }, "layer_replication"],
  [{ init_lora_weights: "pissa_niter_16" }, 'init_lora_weights is "pissa_niter_16"'],
])("a GGUF file cannot express an adapter with %j", async (more, message, model) => {
  const found = await failure(configOf(more), model);
  expect(found).toEqual({ code: "QS-CONVERT-ADAPTER", message: expect.stringContaining(message) });
});

test("NaN in the weights is an error with tensor and index", async () => {
  const damaged = Buffer.from(weights);
  damaged.writeUInt16LE(0x7fc0, damaged.length - 2);
  const { code, message } = await failure(configOf({}), damaged);
  expect([code, message]).toEqual(["QS-FETCH-NAN", expect.stringContaining(`"${name(1)}.lora_B.weight"`)]);
});
