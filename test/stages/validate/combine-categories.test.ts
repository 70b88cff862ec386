import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { combineBlocks } from "../../../src/stages/validate/combine-blocks.js";
import { categoryInput, combineCategories, positionInput } from "../../../src/stages/validate/combine-categories.js";
import type { ValidateReport } from "../../../src/stages/validate/validate-variant.js";
import { fakeToolchain } from "../../fixtures/fake-toolchain.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { blockOf, syntheticChunks } from "../../fixtures/synthetic-blocks.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const cwd = temporaryFolder();

/** Writes the report of one part of the evaluation; returns its path. */
function measured(name: string, context: number, seed: number): string {
  const block = blockOf(syntheticChunks(seed, 4, 50));
  const report: ValidateReport = {
    ...combineBlocks([block]),
    ...{ corpus: `${name}.txt`, corpusSha256: name, context, chunksAvailable: 4 },
    ...{ breaches: [], decided: false, blocks: [block] },
  };
  const path = join(cwd, `${name}-${context}.json`);
  writeFileSync(path, JSON.stringify(report));
  return path;
}

async function combine(inputs: Readonly<Record<string, string>>): Promise<ValidateReport> {
  const context = stageContext({ toolchain: fakeToolchain(cwd, {}), cwd, threads: 1 }, inputs);
  const positions = [512, 2048].map((context) => ({ category: "long", context }));
  await combineCategories.run({ categories: ["prose", "long"], positions, limits: [] }, context);
  return JSON.parse(readFileSync(join(context.out, "quality.json"), "utf8")) as ValidateReport;
}

test("a long text states the KLD by position, which changes no other figure", async () => {
  const categories = {
    [categoryInput("prose")]: measured("prose", 512, 1),
    [categoryInput("long")]: measured("long", 8192, 2),
  };
  const without = await combine(categories);
  const own = without.categories?.long;
  expect(own).not.toHaveProperty("kldByPosition");

  const short = { [positionInput("long", 512)]: measured("long", 512, 3) };
  const { categories: found, ...whole } = await combine({ ...categories, ...short });
  const { kldByPosition, ...long } = { kldByPosition: undefined, ...found?.long };
  const at = combineBlocks([blockOf(syntheticChunks(3, 4, 50))]);
  // The context of 2048 could not be measured.
  expect(kldByPosition).toEqual([
    { from: 256, to: 512, kldMean: at.kldMean, kldMeanError: at.kldMeanError },
    { from: 4096, to: 8192, kldMean: own?.kldMean, kldMeanError: own?.kldMeanError },
  ]);
  expect({ ...whole, categories: { ...found, long } }).toEqual(without);
});
