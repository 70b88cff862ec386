import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, expect, test } from "vitest";
import type { StepRecord } from "../../src/engine/record.js";
import { demoCopy, quantsmith } from "../fixtures/cli.js";
import { ProcessQueue } from "../fixtures/process-queue.js";
import { startQueueRun } from "../fixtures/queue-run.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* Steps as jobs of a queue, with real workers on the real flow: the same bytes as a local run, whatever dies. */
const home = temporaryFolder();
const local = join(home, "local");
let recipe: string;
let queue: ProcessQueue | undefined;

const pipeline = `version: 1
stages: [fetch, convert, calibrate, allocate, quantize, validate, package]
calibration: { chunks: 4, context: 128 }
search: { chunks: 4 }
evaluation: { chunks: 4, context: 128 }
probes: groups
`;

/** sha256 of every output, by step and path. What says when something was made, or how fast, is left out. */
function outputsIn(out: string): Record<string, string> {
  const store = join(out, "store");
  const records = readdirSync(store)
    .map((name) => join(store, name, "record.json"))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, "utf8")) as StepRecord);
  const outputs = records.flatMap(({ step, outputs }) =>
    outputs.map(({ path, sha256 }): [string, string] => [`${step}/${path}`, sha256]),
  );
  const timed = ["release.json", "provenance.intoto.json", "README.md", "report.html"];
  return Object.fromEntries(outputs.filter(([name]) => !timed.some((file) => name === `package/${file}`)).sort());
}

/** A store in which only these steps of the local run are finished. */
function storeWith(name: string, steps: RegExp): string {
  const out = join(home, name);
  for (const folder of readdirSync(join(local, "store"))) {
    const path = join(local, "store", folder, "record.json");
    if (!existsSync(path)) continue;
    const { step } = JSON.parse(readFileSync(path, "utf8")) as StepRecord;
    if (steps.test(step)) cpSync(join(local, "store", folder), join(out, "store", folder), { recursive: true });
  }
  mkdirSync(join(out, "store"), { recursive: true });
  return out;
}

function queueFor(out: string, options?: { slots?: number; parts?: number }): ProcessQueue {
  queue = new ProcessQueue(out, options);
  return queue;
}

async function until<T>(ask: () => T | undefined): Promise<T> {
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    await sleep(20);
  }
}

beforeAll(async () => {
  recipe = demoCopy(join(home, "demo"), (text) =>
    text
      .replace("pipeline: preview", "pipeline: ./own.yaml")
      .replace("[Q8_0]", "[Q4_K_M, { name: Q3_K_M, dynamic: { bitsPerWeight: 4 } }]"),
  );
  writeFileSync(join(home, "demo", "own.yaml"), pipeline);
  const { exitCode, stderr } = await quantsmith(["run", recipe, "--out", local]);
  expect(exitCode, stderr).toBe(0);
});

afterEach(async () => {
  await queue?.close();
});

test("the whole recipe by workers: the same digests as locally, nothing left in .jobs, probes in parts", async () => {
  const out = storeWith("whole", /^convert$/);
  const jobs = queueFor(out);
  const { code, report, stderr } = await startQueueRun(recipe, out, jobs).ended;
  expect(code, stderr + jobs.log).toBe(0);
  expect(outputsIn(out)).toEqual(outputsIn(local));
  expect(report.steps?.filter(({ status }) => status !== "built" && status !== "cached")).toEqual([]);
  expect(readdirSync(join(out, "store", ".jobs"))).toEqual(["files"]);
});
