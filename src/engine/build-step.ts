import { rm, stat } from "node:fs/promises";
import type { Step } from "../plan/plan.js";
import type { OperationReport, Shard } from "../stages/stage.js";
import { QuantsmithError } from "../util/errors.js";
import { withLock } from "../util/lock.js";
import { diskFull } from "./disk-space.js";
import { executeStep, type StepResult } from "./execute-step.js";
import { findStep } from "./find-step.js";
import type { KeyedStep } from "./fingerprint.js";
import type { StepRecord } from "./record.js";
import type { BuildRuntime } from "./runtime.js";
import { inputDigests, inputPath } from "./step-inputs.js";
import { moveToStoreDisk, openBuildFolder } from "./store.js";
import { buildPath, lockPath } from "./workspace.js";

export interface BuildOptions {
  /** Insists on the files themselves where a record whose files were dropped would do otherwise. */
  restore: boolean;
  /** Does not go on with what an earlier run began. */
  discardPartial: boolean;
}

/**
 * Builds one step under its lock and makes it final; another process may finish it first, and then its work is taken.
 * Throws what the stage throws; QS-DISK-SPACE before anything is written when the disk is too small.
 */
export async function buildStep(
  keyed: KeyedStep,
  runtime: BuildRuntime,
  { restore, discardPartial }: BuildOptions,
): Promise<{ record: StepRecord; status: "built" | "cached" }> {
  const { step, key } = keyed;
  const { events, workspace } = runtime;
  const onWait = () => events.emit({ type: "step-waiting", id: step.id });
  return withLock(lockPath(workspace, key), { signal: runtime.signal, onWait }, async (lost) => {
    const present = await findFinished(keyed, runtime, restore);
    if (present !== undefined) return { record: present, status: "cached" };
    if (discardPartial) await rm(runtime.store.partialFolder(key), { recursive: true, force: true });
    const folder = buildPath(workspace, step.stage);
    try {
      const build = await openBuildFolder(folder);
      const priority = -runtime.plan.steps.indexOf(step);
      const work = () => executeStep({ ...keyed, build }, runtime);
      const done = await runtime.scheduler.run(step.resource, priority, onWait, work);
      // Whoever took the lock over may have finished; equal keys give equal outputs, so theirs is as good.
      const theirs = lost.aborted ? await findFinished(keyed, runtime, restore) : undefined;
      if (theirs !== undefined) return { record: theirs, status: "cached" };
      const record = await runtime.scheduler.run("io", priority, onWait, async () =>
        commitStep(keyed, runtime, await moveToStoreDisk(build.out, workspace), done),
      );
      return { record, status: "built" };
    } catch (error) {
      throw isDiskFull(error) ? diskFull(step.id, error) : error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/**
 * Does one part of a step's work, for the step itself to find in its `partial` folder; nothing when the step is finished.
 * Throws as `buildStep`.
 */
export async function buildShard(keyed: KeyedStep, shard: Shard, runtime: BuildRuntime): Promise<void> {
  const { step, key } = keyed;
  const { events, workspace } = runtime;
  const onWait = () => events.emit({ type: "step-waiting", id: step.id });
  await withLock(lockPath(workspace, `${key}-${shard.index}`), { signal: runtime.signal, onWait }, async () => {
    if ((await findFinished(keyed, runtime, false)) !== undefined) return;
    const folder = buildPath(workspace, step.stage);
    try {
      const build = await openBuildFolder(folder);
      await runtime.scheduler.run(step.resource, 0, onWait, () => executeStep({ ...keyed, shard, build }, runtime));
    } catch (error) {
      throw isDiskFull(error) ? diskFull(step.id, error) : error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** A finished step that this run may take: not older than it, where it is fresh, and whole, where it is to be restored. */
export async function findFinished(
  keyed: KeyedStep,
  runtime: BuildRuntime,
  restore: boolean,
): Promise<StepRecord | undefined> {
  const found = await findStep(keyed, runtime);
  return found !== undefined && isUsable(found, runtime.freshSince, restore) ? found : undefined;
}

/** Whether a run takes this record: not older than `freshSince`, where the run is fresh, and with all files for `restore`. */
export function isUsable(record: StepRecord, freshSince: string | null, restore: boolean): boolean {
  if (freshSince !== null && record.finished < freshSince) return false;
  return !restore || record.outputs.every(({ dropped }) => !dropped);
}

/** The part that only needs the disk: hashing, flushing, the rename and the record. */
async function commitStep(
  { step, key, fingerprint }: KeyedStep,
  runtime: BuildRuntime,
  out: string,
  { report, seconds }: StepResult,
): Promise<StepRecord> {
  await requireUnchangedInputs(step, runtime);
  const record = {
    format: 2 as const,
    key,
    step: step.id,
    recipe: runtime.plan.name,
    fingerprint,
    inputs: inputDigests(step.inputs, runtime.records),
    commands: report.commands ?? [],
    measurements: report.measurements ?? {},
    finished: finishTime(runtime.freshSince),
    seconds,
    peakMemoryBytes: report.peakMemoryBytes ?? 0,
  };
  return runtime.store.commit(out, record, await outputDigest(step, runtime, out, report));
}

/** Now, or where this machine's clock is behind that of a fresh run that has asked for it, when that run began. */
function finishTime(freshSince: string | null): string {
  const now = new Date().toISOString();
  return freshSince !== null && now < freshSince ? freshSince : now;
}

/** Outputs that the operation verified itself, and hard links of inputs (same device and inode), are not read again. */
async function outputDigest(
  step: Step,
  runtime: BuildRuntime,
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
async function requireUnchangedInputs(step: Step, runtime: BuildRuntime): Promise<void> {
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
