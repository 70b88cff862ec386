import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { EventBus } from "../../src/engine/events.js";
import { keyStep } from "../../src/engine/fingerprint.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import { cpuCompute } from "../../src/llamacpp/compute/compute.js";
import { type JobFile, jobPaths, removeUnusedTexts, shareFiles, writeJobFile } from "../../src/remote/job-file.js";
import { runJob } from "../../src/remote/run-job.js";
import { findOperation } from "../../src/stages/operations.js";
import { variantMemory } from "../../src/stages/package/variant-memory.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import type { QuantsmithError } from "../../src/util/errors.js";
import { sha256 } from "../../src/util/sha256.js";
import { somePlan } from "../fixtures/plan.js";
import { compareStep, resultOf, textFile } from "../fixtures/remote-plan.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
const one = textFile(home, "one.txt", "The first text is about ships.");
let count = 0;

/** Returns a store with the job of a step, changed by the test, and a worker that runs it. */
async function place(change: (job: JobFile) => JobFile = (job) => job) {
  const workspace = await openWorkspace(join(home, `out-${count++}`));
  const step = compareStep("first", [one]);
  const plan = somePlan([step]);
  const { toolDigests } = plan;
  const { key } = keyStep(step, plan, new Map());
  const { stage, operation = "", version, params, predictedBytes } = step;
  const job: JobFile = change({
    ...{
      format: 1,
      key,
      recipe: "test",
      step: "first",
      stage,
      operation,
      version,
      params,
      predictedBytes,
      toolDigests,
    },
    ...{
      inputs: { text0: { kind: "outside", digest: (one as { digest: string }).digest } },
      since: null,
      restore: false,
    },
  });
  const share = () => shareFiles(workspace, step.inputs);
  await share();
  await writeJobFile(workspace, job);
  const nothing = () => Promise.reject(new Error("no tool is needed here"));
  const work = () =>
    runJob(job.key, undefined, {
      ...{ workspace, events: new EventBus(), digests: new DigestCache(), threads: 1, verify: false },
      ...{ signal: new AbortController().signal, tools: { toolchain: nothing, python: nothing } },
    });
  const code = () =>
    work().then(
      () => undefined,
      (error: QuantsmithError) => error.code,
    );
  return { workspace, job, work, code, share, error: jobPaths(workspace, job.key).error };
}

test("a worker commits the step once, and does nothing for a finished step, even without its job file", async () => {
  const { workspace, job, work } = await place();
  await work();
  const record = join(workspace.store, `validate-${job.key}`, "record.json");
  const first = readFileSync(record, "utf8");
  await work();
  rmSync(jobPaths(workspace, job.key).job);
  await work();
  expect(readFileSync(record, "utf8")).toBe(first);
  await workspace.close();
});

test("a worker whose clock is behind finishes no earlier than the start of its --fresh run", async () => {
  const since = new Date(Date.now() + 3600_000).toISOString();
  const { workspace, job, work } = await place((job) => ({ ...job, since }));
  await work();
  const record = readFileSync(join(workspace.store, `validate-${job.key}`, "record.json"), "utf8");
  expect(JSON.parse(record)).toMatchObject({ finished: since });
  await workspace.close();
});

test("a base that must fit the memory of the planning machine must fit that of the worker", async () => {
  const { job, work, workspace } = await place((job) => ({ ...job, requiresMemory: true }));
  const operation = findOperation(job.operation);
  if (operation === undefined) throw new Error(`no operation ${job.operation}`);
  const run = vi.spyOn(operation, "run");
  await work();
  expect(run.mock.calls.map(([, { requiresMemory }]) => requiresMemory)).toEqual([true]);
  run.mockRestore();
  await workspace.close();
});

test("rejects a missing or changed job", async () => {
  const { workspace, job, code } = await place();
  const { job: file } = jobPaths(workspace, job.key);
  writeFileSync(file, readFileSync(file, "utf8").replace("calibration", "evaluation"));
  expect(await code()).toBe("QS-WORKER-JOB");
  rmSync(file);
  expect(await code()).toBe("QS-WORKER-JOB");
  await workspace.close();
});

test("only this user can read a shared text, which may be private by its folder", async () => {
  const { workspace } = await place();
  const [text = ""] = readdirSync(join(workspace.jobs, "files"));
  expect(statSync(join(workspace.jobs, "files", text)).mode & 0o777).toBe(0o600);
  await workspace.close();
});

test("unused texts are removed, but not behind a link", async () => {
  const { workspace } = await place();
  const files = join(workspace.jobs, "files");
  const foreign = join(workspace.root, "foreign");
  mkdirSync(foreign);
  const path = join(foreign, "e".repeat(64));
  writeFileSync(path, "of others");
  for (const name of readdirSync(workspace.jobs).filter((name) => name.endsWith(".json")))
    rmSync(join(workspace.jobs, name));
  await removeUnusedTexts(workspace, () => undefined);
  expect(readdirSync(files)).toEqual([]);
  for (const link of [files, workspace.jobs]) {
    rmSync(link, { recursive: true });
    symlinkSync(link === files ? foreign : join(foreign, ".."), link);
    if (link === workspace.jobs) symlinkSync(foreign, join(workspace.root, "files"));
    await removeUnusedTexts(workspace, () => undefined);
    expect(existsSync(path)).toBe(true);
  }
});

test("rejects an overwritten shared text, even of the same size, and shares it again", async () => {
  const { workspace, job, code, share, error } = await place();
  const [text = ""] = readdirSync(join(workspace.jobs, "files"));
  const path = join(workspace.jobs, "files", text);
  const right = readFileSync(path, "utf8");
  writeFileSync(path, right.toUpperCase());
  expect(await code()).toBe("QS-INPUT-CHANGED");
  expect(JSON.parse(readFileSync(error, "utf8"))).toMatchObject({ code: "QS-INPUT-CHANGED" });
  expect(readdirSync(workspace.store)).not.toContain(`validate-${job.key}`);
  await share();
  expect(readFileSync(path, "utf8")).toBe(right);
  expect(await code()).toBeUndefined();
  await workspace.close();
});

test.each<[string, unknown]>([
  ["inputs", null],
  ["inputs", { text0: { kind: "url" } }],
  ["predictedBytes", "x"],
  ["step", { a: 1 }],
  ["step", "\u001b[2J"],
  ["recipe", 5],
  ["since", "soon"],
  ["compute", { settings: { device: "cuda" }, backend: "cuda" }],
  ["compute", { settings: { ...cpuCompute.placement, device: "cuda" }, backend: "abacus" }],
])("rejects a job file of another shape despite its valid checksum: %s %j", async (field, value) => {
  const { workspace, code } = await place((job) => ({ ...job, [field]: value }) as JobFile);
  expect(await code()).toBe("QS-WORKER-JOB");
  await workspace.close();
});

test.each<[string, string, (job: JobFile) => JobFile]>([
  ["another version of the operation", "QS-WORKER-JOB", (job) => ({ ...job, version: 99 })],
  ["an unknown operation", "QS-WORKER-JOB", (job) => ({ ...job, operation: "guess" })],
  ["parameters that do not match the key", "QS-WORKER-JOB", (job) => ({ ...job, params: { texts: [] } })],
  [
    "other tools",
    "QS-WORKER-TOOLS",
    (job) => ({ ...job, operation: "variant-memory", stage: "package", version: variantMemory.version, params: {} }),
  ],
  [
    "another kind of backend",
    "QS-WORKER-COMPUTE",
    (job) => ({
      ...job,
      compute: { settings: { ...cpuCompute.placement, device: "cpu" }, backend: "cuda" },
    }),
  ],
  [
    "an input that is not in the store",
    "QS-WORKER-INPUT",
    (job) => ({
      ...job,
      inputs: {
        text0: {
          ...(resultOf("gone") as { step: string; file: string }),
          kind: "step",
          stage: "validate",
          key: sha256("gone"),
          optional: false,
        },
      },
    }),
  ],
])("%s: the worker writes the error beside the job", async (_what, expected, change) => {
  const { workspace, code, error } = await place(change);
  expect(await code()).toBe(expected);
  expect(JSON.parse(readFileSync(error, "utf8"))).toMatchObject({ code: expected });
  expect(readdirSync(workspace.store).filter((name) => !name.startsWith("."))).toEqual([]);
  await workspace.close();
});
