import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadSettings, preparePlan } from "../../../src/cli/prepare-plan.js";
import { DigestCache } from "../../../src/util/digest-cache.js";
import { checkpointFixtures, countValues, languageOf } from "../../fixtures/checkpoint.js";
import { checkpointTensors, type LanguageConfig } from "../../fixtures/checkpoint-tensors.js";
import { useModelHub } from "../../fixtures/model-hub.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/*
 * Checks and plans every recipe of recipes/ against a loopback Hub that serves config.json and safetensors headers of
 * its model. Builds none of them.
 */
const folder = fileURLToPath(new URL("../../../recipes/", import.meta.url));
const recipes = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
const home = temporaryFolder();
/** Shared, so that the tools are hashed once. */
const digests = new DigestCache();

useModelHub(home);

const load = (recipe: string) => loadSettings(join(folder, recipe));
const fixtureOf = (recipe: string) => {
  const found = checkpointFixtures.find(({ name }) => name === basename(recipe, ".yaml"));
  if (found === undefined) throw new Error(`${recipe} has no fixture in test/fixtures/models`);
  return found;
};

test("every fixture is a recipe's model", () => {
  expect(checkpointFixtures.map(({ name }) => `${name}.yaml`)).toEqual(recipes);
});

describe.each(recipes)("%s", (recipe) => {
  test("names the model of its fixture and can be planned", async () => {
    const settings = await load(recipe);
    const { repo, parameters } = fixtureOf(recipe);
    expect(settings.model.source).toMatchObject({ kind: "hub", repo });
    const plan = await preparePlan(settings, { out: home }, digests);
    const fetch = plan.steps.find(({ id }) => id === "fetch");
    expect(fetch?.predictedBytes).toBeGreaterThan(2 * parameters);
    expect(fetch?.predictedBytes).toBeLessThan(2 * parameters + 100e6);
    for (const { name } of settings.variants) expect(plan.steps.map(({ id }) => id)).toContain(`smoke:${name}`);
  });

  test("leaves enough bits per weight to every variant for a device", async () => {
    const settings = await load(recipe);
    for (const variant of settings.variants) {
      if (variant.kind !== "dynamic" || variant.dynamic.budget.kind !== "device") continue;
      const { device, context, reserveBytes } = variant.dynamic.budget;
      const language = languageOf(fixtureOf(recipe));
      const free = device.budget.value - reserveBytes - cacheBytes(language, context) - workBytes;
      const bits = (8 * free) / countValues(checkpointTensors(language));
      expect(bits, `${variant.name} on ${device.id}`).toBeGreaterThan(3);
      expect(bits, `${variant.name} on ${device.id}: everything fits there`).toBeLessThan(8.5);
    }
  });
});

/** Compute buffers, larger than those of llama.cpp with a batch of 512. */
const workBytes = 400e6;

/** f16 KV cache of all layers; models with sliding windows need less. */
function cacheBytes(config: LanguageConfig, context: number): number {
  const { num_hidden_layers: layers, num_key_value_heads: heads, num_attention_heads, hidden_size } = config;
  return layers * 2 * heads * (config.head_dim ?? hidden_size / num_attention_heads) * 2 * context;
}
