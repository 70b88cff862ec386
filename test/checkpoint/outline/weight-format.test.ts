import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkSnapshot } from "../../../src/checkpoint/check-snapshot.js";
import { formats, matrix, type Typed, typedSafetensors } from "../../fixtures/quantized-tensors.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();
const norm: Record<string, Typed> = { "model.norm.weight": ["BF16", [512]], "model.norm.scale": ["BF16", [3]] };

async function outline(tensors: Readonly<Record<string, Typed>>, config: object, side: Record<string, object> = {}) {
  const folder = mkdtempSync(join(home, "model-"));
  const all = { architectures: ["LlamaForCausalLM"], model_type: "llama", num_hidden_layers: 2, ...config };
  writeFileSync(join(folder, "config.json"), JSON.stringify(all));
  writeFileSync(join(folder, "model.safetensors"), typedSafetensors(tensors));
  for (const [name, content] of Object.entries(side)) writeFileSync(join(folder, name), JSON.stringify(content));
  return (await checkSnapshot(folder)).outline;
}

describe("parameters are counted from shapes, unpacked and without scales", () => {
  test.each(formats)("$label", async ({ label, tensors, quantization }) => {
    const found = await outline({ ...tensors, ...norm }, { quantization_config: quantization });
    expect(found).toMatchObject({ parameters: matrix.values + 515, isCounted: true, format: { label } });
    expect(found.format?.isQuantized).toBe(quantization !== undefined);
    expect(found.format?.isStale).toBe(false);
    // MXFP4 and NVFP4 stay as they are.
    const type = /^(MX|NV)FP4/.exec(label)?.[0];
    expect(found.baseBytes).toBe(type === undefined ? 2 * found.parameters : found.tensorBytes);
    expect(found.kept).toEqual(type === undefined ? null : { type, parameters: matrix.values });
  });

  test.each(formats.filter(({ quantization }) => quantization !== undefined))(
    "$label, without its configuration, is still not taken for plain weights",
    async ({ tensors }) => {
      const { format } = await outline(tensors, {});
      expect(format).toMatchObject({ method: null, isQuantized: true });
    },
  );
});

test("ModelOpt's own file declares the format for config.json", async () => {
  const nvfp4 = formats.find(({ label }) => label.startsWith("NVFP4 (ModelOpt)"))?.tensors ?? {};
  const side = {
    "hf_quant_config.json": { producer: { name: "modelopt" }, quantization: { quant_algo: "NVFP4", group_size: 16 } },
  };
  expect((await outline(nvfp4, {}, side)).format).toMatchObject({ method: "modelopt", label: "NVFP4 (ModelOpt)" });
});

test("a configuration of weights that were merged in 16 bits is stale", async () => {
  const quantization_config = { quant_method: "bitsandbytes", load_in_4bit: true };
  const found = await outline({ a: ["BF16", [4, 4]] }, { quantization_config });
  expect(found.format).toMatchObject({ label: "BF16", isStale: true });
});

test("a multimodal model's quantization may stand in its text_config", async () => {
  const [{ tensors, quantization }] = formats.filter(({ label }) => label.startsWith("AWQ")) as [(typeof formats)[0]];
  const config = { vision_config: {}, text_config: { quantization_config: quantization, tie_word_embeddings: true } };
  const tower: Record<string, Typed> = { "vision_tower.embeddings.weight": ["F16", [10, 10]] };
  const found = await outline({ ...tensors, ...tower }, config);
  expect(found).toMatchObject({
    towers: ["vision"],
    towerParameters: 100,
    parameters: matrix.values + 100,
    tied: true,
  });
  expect(found.format).toMatchObject({ method: "awq", isQuantized: true });
});

describe("layers for multi-token prediction", () => {
  const layer = (index: number): Record<string, Typed> => ({
    [`model.layers.${index}.eh_proj.weight`]: ["BF16", [4, 8]],
  });

  test("follow the hidden layers", async () => {
    const found = await outline({ ...layer(0), ...layer(1), ...layer(2) }, { num_nextn_predict_layers: 1 });
    expect(found).toMatchObject({ mtpLayers: 1, mtpParameters: 32, mtpDeclared: 1 });
  });

  test("or have names of their own", async () => {
    const mtp: Record<string, Typed> = {
      "mtp.layers.0.mlp.up_proj.weight": ["BF16", [4, 8]],
      "mtp.fc.weight": ["BF16", [2, 2]],
    };
    expect(await outline({ ...layer(0), ...mtp }, {})).toMatchObject({ mtpLayers: 1, mtpParameters: 36 });
  });

  test("may be declared and not there", async () => {
    const found = await outline(layer(0), { num_nextn_predict_layers: 1 });
    expect(found).toMatchObject({ mtpLayers: 0, mtpParameters: 0, mtpDeclared: 1 });
  });
});
