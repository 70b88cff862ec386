import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { openHub } from "../../src/checkpoint/outline/open-checkpoint.js";
import { describeCheckpoint } from "../../src/cli/init/describe-checkpoint.js";
import { draftRecipe } from "../../src/cli/init/draft-recipe.js";
import { readModel } from "../../src/cli/init/read-model.js";
import { loadSettings, preparePlan } from "../../src/cli/prepare-plan.js";
import { loadCatalog } from "../../src/recipe/catalog/load-catalog.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { sha256 } from "../../src/util/sha256.js";
import { failureOf } from "../fixtures/failure.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { hollow } from "../fixtures/hub-server/repo.js";
import { formats, matrix, typedSafetensors } from "../fixtures/quantized-tensors.js";
import { rawSafetensors } from "../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
let hub: Hub;

beforeAll(async () => {
  hub = await Hub.start();
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("HF_HUB_CACHE", join(home, "hub"));
  vi.stubEnv("HF_TOKEN", undefined);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  expect(hub.violations).toEqual([]);
  await hub.close();
});

const card = "---\nlicense: apache-2.0\nbase_model: some/base\n---\n# A model\n";

/** `change` overrides entries of `quantization_config`; null leaves it out. */
function commit(name: string, label: string, change: object | null = {}): string {
  const found = formats.find((format) => format.label === label);
  if (found === undefined) throw new Error(label);
  const file = typedSafetensors(found.tensors);
  const config = {
    architectures: ["LlamaForCausalLM"],
    ...{ model_type: "llama", num_hidden_layers: 1, tie_word_embeddings: true, max_position_embeddings: 2048 },
    ...(change === null ? {} : { quantization_config: { ...found.quantization, ...change } }),
  };
  hub.create(`me/${name}`).commit({
    "config.json": JSON.stringify(config),
    "tokenizer.json": JSON.stringify({ model: { type: "BPE", merges: [] } }),
    "README.md": card,
    "model.safetensors": file,
  });
  return `me/${name}`;
}

test("a checkpoint on the Hub is described without downloading its weights", async () => {
  const repo = commit("fp8", "FP8, a scale per block of 128 × 128");
  const found = await describeCheckpoint(await openHub(repo, "main"));
  expect(found).toMatchObject({
    ...{ architecture: "LlamaForCausalLM", parameters: matrix.values, tied: true, contextLength: 2048 },
    ...{ tokenizer: "byte-level BPE", pooling: null, towers: [], mtpLayers: 0 },
    card: { license: "apache-2.0", baseModels: ["some/base"] },
    conversion: { engine: "native" },
  });
  const weights = hub.requests.filter(({ path }) => path.includes("/store/me/fp8/"));
  expect(weights.length).toBeGreaterThan(0);
  for (const { headers } of weights) expect(headers.range).toMatch(/^bytes=0-/);
});

test("a recipe for an embedding model compares vectors instead of answers", async () => {
  const files = {
    "config.json": JSON.stringify({ architectures: ["Qwen3ForCausalLM"], model_type: "qwen3" }),
    "model.safetensors": typedSafetensors({ "embed_tokens.weight": ["BF16", [4, 4]] }),
    "chat_template.jinja": "{{ messages }}",
    "modules.json": JSON.stringify([{ idx: 1, path: "1_Pooling", type: "sentence_transformers.models.Pooling" }]),
    "1_Pooling/config.json": JSON.stringify({ pooling_mode_lasttoken: true }),
  };
  hub.create("me/embedding").commit(files);
  const outline = await readModel("hf:me/embedding", home);
  expect(outline).toMatchObject({ pooling: "last" });
  const recipe = parse(draftRecipe(outline, await loadCatalog(), home));
  expect(recipe.smoke).toEqual([{ prompt: expect.any(String), expect: { cosineToBase: 0.95, rankToBase: 0.95 } }]);
  expect(recipe.calibration).not.toHaveProperty("chatTemplate");
});

test("a header longer than the first request is read in two", async () => {
  const header = `{"${"a".repeat(200_000)}":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}`;
  const start = rawSafetensors(header, 0);
  hub.create("me/long").commit({
    "config.json": '{"architectures":["LlamaForCausalLM"]}',
    "model.safetensors": hollow(start, start.length + 8, sha256(start)),
  });
  expect((await openHub("me/long", "main")).outline).toMatchObject({ parameters: 4, isCounted: true });
});

test("a recipe is not drafted for weights whose declaration is missing", async () => {
  const repo = commit("undeclared", "GPTQ, 8 bits", null);
  expect(await failureOf(readModel(`hf:${repo}`, home))).toMatchObject({
    code: "QS-CONVERT-QUANTIZED",
    remedy: expect.stringContaining("`hf:some/base`"),
  });
});

const packed = '4 bits (compressed-tensors, "pack-quantized")';
const refused: [what: string, label: string, change?: object][] = [
  ["awq", "AWQ, 4 bits"],
  ["bnb4", "bitsandbytes, 4 bits"],
  ["bnb8", "bitsandbytes, 8 bits"],
  ["hqq", "HQQ, 4 bits"],
  ["gptq3", "GPTQ, 8 bits", { bits: 3 }],
  ["marlin", packed, { format: "marlin-24" }],
  ["groups", packed, { config_groups: { group_0: { weights: {} }, group_1: { weights: {} } } }],
];

test.each(refused)(
  "weights that the converter does not read are refused by init and plan: %s",
  async (name, ...kind) => {
    const repo = commit(name, ...kind);
    const failure = { code: "QS-CONVERT-QUANTIZED", remedy: expect.stringContaining("`hf:some/base`") };
    expect(await failureOf(readModel(`hf:${repo}`, home))).toMatchObject(failure);
    const recipe = join(home, `${name}.yaml`);
    writeFileSync(recipe, `version: 1\nmodel: { source: "hf:${repo}" }\npipeline: preview\nvariants: [Q8_0]\n`);
    const planned = preparePlan(await loadSettings(recipe), { out: home }, new DigestCache());
    expect(await failureOf(planned)).toMatchObject({ ...failure, at: { line: 2 } });
    // `run` begins with the same plan. Only headers were read.
    for (const { headers } of hub.requests.filter(({ path }) => path.includes(`/store/${repo}/`)))
      expect(headers.range).toMatch(/^bytes=0-/);
  },
);

test("a recipe for FP8 weights is drafted for the size of their 16-bit base", async () => {
  const repo = commit("drafted", "FP8, a scale per tensor");
  expect(await readModel(`hf:${repo}`, home)).toMatchObject({
    ...{ parameters: matrix.values, quantized: { label: "FP8, a scale per tensor", baseBytes: 2 * matrix.values } },
  });
});
