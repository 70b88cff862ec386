import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { converterMetadata, readConverterCard } from "../../src/converter/general/converter-card.js";
import { type GeneralSource, generalMetadata } from "../../src/converter/general/general-metadata.js";
import { countParameters, sizeLabel } from "../../src/converter/general/size-label.js";
import type { GgufValue } from "../../src/gguf/gguf.js";
import { knownType } from "../../src/quant/ggml-types.js";
import type { JsonObject } from "../../src/util/canonical-json.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

interface Recorded extends GeneralSource {
  parameters: number;
  card: string;
  /** Input of gguf-py. */
  converterCard: JsonObject;
  converterMetadata: JsonObject;
  /** Output of gguf-py. */
  entries: [string, unknown][];
}

const base = temporaryFolder();
const fixture = join(import.meta.dirname, "../fixtures/convert/general-metadata.json");

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(base, "model-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

function modelOf(parameters: number) {
  return [{ name: "token_embd.weight", shape: [parameters], type: knownType("F32"), data: [] }];
}

const plain = ({ type, ...value }: GgufValue) =>
  "items" in value ? value.items : "value" in value ? value.value : type;

test("general.* equals gguf-py's result for the same cards, names and sizes", async () => {
  const cases = JSON.parse(await readFile(fixture, "utf8")) as Recorded[];
  expect(cases.length).toBeGreaterThan(50);
  for (const recorded of cases) {
    const folder = await folderWith({ "README.md": recorded.card });
    // The recorded inputs equal the current inputs.
    expect(await readConverterCard(folder, recorded)).toEqual(recorded.converterCard);
    const { modelName, baseModel, metadata } = recorded;
    expect(converterMetadata(modelName, baseModel, metadata)).toEqual(recorded.converterMetadata);
    const entries = await generalMetadata(folder, recorded, modelOf(recorded.parameters));
    expect(entries.map(([key, value]) => [key, plain(value)])).toEqual(recorded.entries);
  }
});

const nameless: GeneralSource = { modelName: "Some-model", baseModel: null, metadata: {} };

test("generation_config.json becomes general.sampling.*, without nulls and unknown keys", async () => {
  const config = { do_sample: true, temperature: 1, top_k: 50, top_p: null, repetition_penalty: 1.1, min_p: 0.05 };
  const folder = await folderWith({ "generation_config.json": JSON.stringify(config) });
  const entries = await generalMetadata(folder, nameless, modelOf(1));
  expect(entries.filter(([key]) => key.startsWith("general.sampling."))).toEqual([
    ["general.sampling.top_k", { type: "int32", value: 50 }],
    ["general.sampling.min_p", { type: "float32", value: 0.05 }],
    ["general.sampling.temp", { type: "float32", value: 1 }],
    ["general.sampling.penalty_repeat", { type: "float32", value: 1.1 }],
  ]);
});

test("a generation_config.json of invalid JSON is ignored; one with wrong types is rejected", async () => {
  const broken = await folderWith({ "generation_config.json": "{" });
  expect(await generalMetadata(broken, nameless, modelOf(1))).toHaveLength(3);
  for (const config of [
    { temperature: "hot" },
    { top_k: 1.5 },
    { top_p: 1e300 },
    { mirostat: 2 ** 31 },
    { sequence: 1 },
  ]) {
    const folder = await folderWith({ "generation_config.json": JSON.stringify(config) });
    const failure = await failureOf(generalMetadata(folder, nameless, modelOf(1)));
    expect(failure.code).toBe("QS-CONVERT-CONFIG");
    expect(failure.message).toContain(Object.keys(config)[0]);
  }
});

test("a NaN in generation_config.json is not named as Infinity alone", async () => {
  const folder = await folderWith({ "generation_config.json": '{"temperature": NaN}' });
  const failure = await failureOf(generalMetadata(folder, nameless, modelOf(1)));
  expect(failure.message).toContain("temperature is NaN, Infinity or too large, not a 32-bit float");
});

test("a size label counts one expert", () => {
  const tensors = [
    { name: "token_embd.weight", shape: [4096, 32_000] },
    { name: "blk.0.ffn_up_exps.weight", shape: [4096, 14_336, 8] },
    { name: "blk.0.ffn_down_exps.weight", shape: [14_336, 4096, 8] },
  ];
  const counts = countParameters(tensors);
  expect(counts).toEqual({ total: 1_070_596_096, shared: 131_072_000, expert: 117_440_512, experts: 8 });
  expect(sizeLabel(counts)).toBe("8x249M");
});
