import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { briefRecipe, demoCopy, put, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { queueTrial } from "../queue/queue-faults.js";

const home = temporaryFolder();

test("a queue with a disk limit that is killed during a removal publishes every model once, unchanged", async () => {
  const trial = { models: 3, kills: 1, seed: 7, home: temporaryFolder(), print: () => undefined };
  const { seconds, peakBytes, maxDiskBytes, ...found } = await queueTrial(trial);
  expect(found).toEqual({ kills: 1, lost: [], wrong: [], repeated: [], invalid: [], foreign: [] });
  expect(peakBytes).toBeLessThanOrEqual(maxDiskBytes);
});

test("a failed model does not stop the others, recipes of one model share steps, and `status` shows each", async () => {
  const first = demoCopy(home, () => briefRecipe.replace(/smoke:.*/s, "smoke: []\n"), "first");
  const second = put(join(home, "second.yaml"), readFileSync(first, "utf8").replace("[Q8_0]", "[Q4_0]"));
  const missing = put(join(home, "missing.yaml"), readFileSync(first, "utf8").replace("./tiny-llama", "./nothing"));
  const out = join(home, "out");
  const result = await quantsmith(["run", first, missing, second, "--out", out, "--json"]);
  expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining("QS-FETCH-MISSING")]);
  const { models } = JSON.parse(result.stdout);
  const states = models.map(({ name, state }: { name: string; state: string }) => [name, state]);
  expect(states).toEqual([
    ["first", "built"],
    ["missing", "failed"],
    ["second", "built"],
  ]);
  const imatrices = readdirSync(join(out, "store")).filter((name) => name.startsWith("calibrate-"));
  expect(imatrices).toHaveLength(1);
  const status = await quantsmith(["status", "--out", out]);
  expect(status.stdout).toMatch(/missing +failed .*QS-FETCH-MISSING/);
  expect(JSON.parse((await quantsmith(["status", "--out", out, "--json"])).stdout).models).toEqual(models);
});
