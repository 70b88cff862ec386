import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Step } from "../plan/plan.js";
import type { OperationReport, StageContext } from "../stages/stage.js";
import { canonicalJson } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { withLock } from "../util/lock.js";
import { sha256 } from "../util/sha256.js";
import { diskFull, requireDiskSpace, watchDisk } from "./disk-space.js";
import { findRelatives } from "./find-relatives.js";
import { findStep, recordKeys } from "./find-step.js";
import { fingerprint, stepKey } from "./fingerprint.js";
import type { StepRecord } from "./record.js";
import type { Runtime } from "./runtime.js";
import { inputDigests, inputPath } from "./step-inputs.js";
import { openBuildFolder } from "./store.js";
import { lockPath, scratchPath } from "./workspace.js";

/**
 * Builds one step under its lock and makes it final; another process may finish it first, and then its work is taken.
 * `restore` insists on the files themselves where a record whose files were dropped would do otherwise.
 * Throws what the stage throws; QS-DISK-SPACE before anything is written when the disk is too small.
 */
export async function buildStep(
  step: Step,
  runtime: Runtime,
  restore: boolean,
): Promise<{ record: StepRecord; status: "built" | "cached" }> {
  const { events, workspace } = runtime;
  const key = stepKey(fingerprint(step, runtime.plan, recordKeys(runtime)));
  const onWait = () => events.emit({ type: "step-waiting", id: step.id });
  return withLock(lockPath(workspace, key), { signal: runtime.signal, onWait }, async (lost) => {
    const finishedElsewhere = async () => {
      const found = await findStep(step, runtime);
      return found === undefined || (restore && found.outputs.some(({ dropped }) => dropped)) ? undefined : found;
    };
    const present = runtime.fresh && !restore ? undefined : await finishedElsewhere();
    if (present !== undefined) return { record: present, status: "cached" };
    if (runtime.fresh) await rm(runtime.store.partialFolder(key), { recursive: true, force: true });
    const folder = scratchPath(workspace, step.stage);
    try {
      const build = await openBuildFolder(folder);
      const priority = -runtime.plan.steps.indexOf(step);
      const done = await runtime.scheduler.run(step.resource, priority, onWait, () => work(step, runtime, build, key));
      // Whoever took the lock over may have finished; equal keys give equal outputs, so theirs is as good.
      const theirs = lost.aborted ? await finishedElsewhere() : undefined;
      if (theirs !== undefined) return { record: theirs, status: "cached" };
      const record = await runtime.scheduler.run("io", priority, onWait, () =>
        makeFinal(step, runtime, build.out, key, done),
      );
      return { record, status: "built" };
    } catch (error) {
      throw isDiskFull(error) ? diskFull(step.id, error) : error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

interface Work {
  report: OperationReport;
  seconds: number;
}

/** The part that needs the step's resource: preflight, then the stage itself. */
async function work(step: Step, runtime: Runtime, build: { out: string; work: string }, key: string): Promise<Work> {
  const started = performance.now();
  const disk = watchDisk(runtime.workspace.scratch, step.id);
  try {
    const signal = AbortSignal.any([runtime.signal, disk.signal]);
    const context = stageContext(step, runtime, build, key, signal);
    runtime.events.emit({ type: "step-started", id: step.id, key });
    const predictedBytes = (await step.predictBytes?.(context)) ?? step.predictedBytes;
    await requireDiskSpace(runtime.workspace.scratch, predictedBytes, step.id);
    const report = await step.run(context);
    signal.throwIfAborted();
    return { report, seconds: (performance.now() - started) / 1000 };
  } finally {
    disk.stop();
  }
}

/** The part that only needs the disk: hashing, flushing, the rename and the record. */
async function makeFinal(
  step: Step,
  runtime: Runtime,
  out: string,
  key: string,
  { report, seconds }: Work,
): Promise<StepRecord> {
  await requireUnchangedInputs(step, runtime);
  const record = {
    format: 2 as const,
    key,
    step: step.id,
    recipe: runtime.plan.name,
    fingerprint: fingerprint(step, runtime.plan, recordKeys(runtime)),
    inputs: inputDigests(step.inputs, runtime.records),
    commands: report.commands ?? [],
    measurements: report.measurements ?? {},
    finished: new Date().toISOString(),
    seconds,
    peakMemoryBytes: report.peakMemoryBytes ?? 0,
  };
  return runtime.store.commit(out, record, await digestBy(step, runtime, out, report));
}

function stageContext(
  step: Step,
  runtime: Runtime,
  build: { out: string; work: string },
  key: string,
  signal: AbortSignal,
): StageContext {
  const digests = inputDigests(step.inputs, runtime.records);
  // Parts made of other bytes must not be continued: an input can be rebuilt with other bytes under the same key.
  const partial = join(runtime.store.partialFolder(key), sha256(canonicalJson(digests)).slice(0, 16));
  const note = (text: string) => runtime.events.emit({ type: "step-note", id: step.id, note: text });
  return {
    ...build,
    signal,
    partial: async () => {
      await mkdir(partial, { recursive: true });
      return partial;
    },
    relatives: (inputs) => findRelatives(step, runtime, inputs),
    threads: runtime.threads,
    steps: runtime.steps,
    toolchain: () => runtime.tools.toolchain(note),
    python: () => runtime.tools.python(note),
    input: (name) => inputPath(step.inputs, name, runtime.records, runtime.store),
    digest: (name) => digests[name],
    note,
    progress: (progress) => runtime.events.emit({ type: "step-progress", id: step.id, progress }),
  };
}

/** Outputs that the operation verified itself, and hard links of inputs (same device and inode), are not read again. */
async function digestBy(
  step: Step,
  runtime: Runtime,
  out: string,
  { digests: verified = {}, expectedDigests: expected = {} }: OperationReport,
): Promise<(path: string) => Promise<string>> {
  const known = new Map<string, string>();
  for (const [name, digest] of Object.entries(inputDigests(step.inputs, runtime.records))) {
    const path = inputPath(step.inputs, name, runtime.records, runtime.store);
    if (path !== undefined) known.set(await fileIdentity(path), digest);
  }
  return async (path) => {
    const name = path.slice(out.length + 1);
    const digest =
      verified[name] ?? known.get(await fileIdentity(path)) ?? (await runtime.digests.digest(path, runtime.signal));
    if ((expected[name] ?? digest) !== digest) throw inputChanged(step.id, name);
    return digest;
  };
}

/**
 * What a step read must still be what its key says, or its outputs would be believed under that key for ever: a user
 * may have edited a text or a checkpoint's file, which the store only links to, while the step ran.
 */
async function requireUnchangedInputs(step: Step, runtime: Runtime): Promise<void> {
  for (const [name, input] of Object.entries(step.inputs)) {
    if (input.kind === "outside") continue; // read as a whole by its stage, which compares the digest
    const record = runtime.records.get(input.step);
    if (record === undefined) continue;
    const { stage } = record.fingerprint;
    if ((await runtime.store.find(stage, record.key, { readOnly: true })) === undefined)
      throw inputChanged(step.id, name);
  }
}

function inputChanged(step: string, file: string): QuantsmithError {
  return new QuantsmithError("QS-INPUT-CHANGED", `${file} was changed while ${step} was using it`, {
    remedy: "Run again; the plan then sees what is there now.",
  });
}

async function fileIdentity(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** Our own writes fail with these codes where the native tools have their own words. */
function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ENOSPC" || code === "EDQUOT";
}
