import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import type { StepRecord } from "../../src/engine/record.js";
import type { RunReport } from "../../src/release/release-report.js";
import { demoCopy, quantsmith } from "../fixtures/cli.js";
import { ProcessQueue } from "../fixtures/process-queue.js";
import { startQueueRun } from "../fixtures/queue-run.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* Steps as jobs of a queue, with real workers on the real flow: the same bytes as a local run despite kills. */
const home = temporaryFolder();
const local = join(home, "local");
let recipe: string;
let verdict: object;
let queue: ProcessQueue | undefined;

const pipeline = `version: 1
stages: [fetch, convert, quantize, validate]
evaluation: { chunks: 8, context: 512 }
`;

/** sha256 of every output, by step and path. */
function outputsIn(out: string): Record<string, string> {
  const outputs = recordsIn(out).flatMap(({ step, outputs }) =>
    outputs.map(({ path, sha256 }): [string, string] => [`${step}/${path}`, sha256]),
  );
  return Object.fromEntries(outputs.sort());
}

function recordsIn(out: string): StepRecord[] {
  return readdirSync(join(out, "store"))
    .map((name) => join(out, "store", name, "record.json"))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, "utf8")) as StepRecord);
}

/** A store with the converted base model, the longest step. */
function convertedStore(name: string): string {
  const out = join(home, name);
  const [converted = ""] = readdirSync(join(local, "store")).filter((folder) => folder.startsWith("convert-"));
  cpSync(join(local, "store", converted), join(out, "store", converted), { recursive: true });
  return out;
}

function queueFor(out: string): ProcessQueue {
  queue = new ProcessQueue(out);
  return queue;
}

beforeAll(async () => {
  recipe = demoCopy(join(home, "demo"), (text) =>
    text
      .replace("pipeline: preview", "pipeline: ./own.yaml")
      .replace("[Q8_0]", "[Q8_0, Q4_0]\ngates: { kldMean: { max: { of: Q8_0, ratio: 1.5 } } }"),
  );
  writeFileSync(join(home, "demo", "own.yaml"), pipeline);
  const { exitCode, stdout, stderr } = await quantsmith(["run", recipe, "--out", local, "--json"]);
  // Q4_0 fails this gate: the verdict must be the same locally and in workers.
  verdict = {
    exitCode,
    variants: (JSON.parse(stdout) as RunReport).variants.map(({ gate, reasons }) => ({ gate, reasons })),
  };
  expect(
    recordsIn(local).map(({ step }) => step),
    stderr,
  ).toContain("validate:Q4_0");
});

afterEach(async () => {
  await queue?.close();
});

test("workers build the recipe: same digests and verdict, blocks in parts, .jobs is empty", async () => {
  const out = convertedStore("whole");
  const jobs = queueFor(out);
  const { code, report, stderr } = await startQueueRun(recipe, out, jobs).ended;
  expect(outputsIn(out), stderr + jobs.log).toEqual(outputsIn(local));
  expect({ exitCode: code, variants: report.variants?.map(({ gate, reasons }) => ({ gate, reasons })) }).toEqual(
    verdict,
  );
  expect(jobs.submissions.filter((name) => /-[12]$/.test(name))).toHaveLength(2);
  expect(recordsIn(out).find(({ step }) => step === "validate:Q8_0")?.measurements).toEqual({ blocksResumed: 2 });
  expect(readdirSync(join(out, "store", ".jobs"))).toEqual(["files"]);
});

test("kill -9 of a worker and then of the run: the next run adopts the jobs, and the digests are the same", async () => {
  const out = convertedStore("killed");
  const jobs = queueFor(out);
  const first = startQueueRun(recipe, out, jobs, { until: "quantize" });
  await first.until(() => jobs.worker("quantize:Q8_0") !== undefined);
  await first.until(() => /quantize:Q8_0 started/.test(jobs.log));
  jobs.worker("quantize:Q8_0")?.kill("SIGKILL");
  // Submitted again, then the run is killed.
  await first.until(() => jobs.submissions.length === 3);
  jobs.held = true;
  first.child.kill("SIGKILL");
  await first.ended;

  const second = startQueueRun(recipe, out, jobs);
  jobs.held = false;
  jobs.advance();
  const { stderr } = await second.ended;
  expect(outputsIn(out), stderr + jobs.log).toEqual(outputsIn(local));
  expect(readdirSync(join(out, "tmp"))).toEqual([]);
});

test("Ctrl-C cancels the jobs and exits with 130", async () => {
  const out = convertedStore("interrupted");
  const jobs = queueFor(out);
  jobs.held = true;
  const run = startQueueRun(recipe, out, jobs, { until: "quantize" });
  await run.until(() => jobs.submissions.length === 2);
  run.child.kill("SIGINT");
  const { code, report } = await run.ended;
  expect([code, report.error?.code]).toEqual([130, "QS-INTERRUPTED"]);
  expect(jobs.cancelled).toEqual(jobs.submissions);
});
