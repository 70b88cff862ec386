import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Step } from "../plan/plan.js";
import { inputChanged } from "../stages/input-changed.js";
import type { OperationReport, Shard } from "../stages/stage.js";
import { isPresent } from "../util/files.js";
import { describeCompute } from "./describe-compute.js";
import { reportDiskFull } from "./disk-space.js";
import { executeStep, type StepResult } from "./execute-step.js";
import { findStep } from "./find-step.js";
import type { KeyedStep } from "./fingerprint.js";
import { withStatedLock } from "./lock-holder.js";
import type { StepRecord } from "./record.js";
import type { BuildRuntime } from "./runtime.js";
import { laneOf, type ScheduledFor } from "./scheduler.js";
import { inputDigests, inputPath } from "./step-inputs.js";
import { describeMoved, moveToStoreDisk, openBuildFolder } from "./store.js";
import { withUnchangedInputs } from "./unchanged-inputs.js";
import { buildPath, lockPath, removeTemporary } from "./workspace.js";

export interface BuildOptions {
  /** Requires the files of the step; a record whose files were dropped is not enough. */
  restore: boolean;
  /** Discards partial work of earlier runs. */
  discardPartial: boolean;
}

/**
 * Builds one step under its lock and commits it to the store; reuses the result of another process that finishes it
 * first.
 * Errors: those of the stage; QS-DISK-SPACE, before anything is written, when the disk is too small.
 */
export async function buildStep(
  keyed: KeyedStep,
  runtime: BuildRuntime,
  { restore, discardPartial }: BuildOptions,
): Promise<{ record: StepRecord; status: "built" | "cached" }> {
  const { step, key } = keyed;
  const { workspace } = runtime;
  const turn = waitingFor(step, runtime, "compute");
  const work = async (lost: AbortSignal): ReturnType<typeof buildStep> => {
    const present = await findFinished(keyed, runtime, restore);
    if (present !== undefined) return { record: present, status: "cached" };
    if (discardPartial) await rm(runtime.store.partialFolder(key), { recursive: true, force: true });
    const folder = buildPath(workspace, step.stage);
    try {
      const build = await openBuildFolder(folder);
      const lane = laneOf(step, runtime.plan.compute.compute);
      const priority = -runtime.plan.steps.indexOf(step);
      const execute = () => withUnchangedInputs(step, runtime, () => executeStep({ ...keyed, build }, runtime));
      const done = await runtime.scheduler.run(lane, priority, turn, execute);
      // A process that took over the lock may have finished. Equal keys give equal outputs, so its result is as good.
      const theirs = lost.aborted ? await findFinished(keyed, runtime, restore) : undefined;
      if (theirs !== undefined) return { record: theirs, status: "cached" };
      const record = await runtime.scheduler.run("io", priority, turn, async () =>
        commitStep(keyed, runtime, await moveToStoreDisk(build.out, workspace), done),
      );
      return { record, status: "built" };
    } finally {
      await removeTemporary(folder);
    }
  };
  const lock = { ...waitingFor(step, runtime, "step"), signal: runtime.signal };
  return reportDiskFull(step.id, () => withStatedLock(lockPath(workspace, key), lock, work));
}

/**
 * Computes one shard of a step into the step's `partial` folder; does nothing when the step is finished.
 * Errors: those of `buildStep`.
 */
export async function buildShard(keyed: KeyedStep, shard: Shard, runtime: BuildRuntime): Promise<void> {
  const { step, key } = keyed;
  const { workspace } = runtime;
  const turn = waitingFor(step, runtime, "compute");
  const work = async () => {
    if ((await findFinished(keyed, runtime, false)) !== undefined) return;
    const folder = buildPath(workspace, step.stage);
    try {
      const build = await openBuildFolder(folder);
      const execute = () => withUnchangedInputs(step, runtime, () => executeStep({ ...keyed, shard, build }, runtime));
      await runtime.scheduler.run(laneOf(step, runtime.plan.compute.compute), 0, turn, execute);
    } finally {
      await removeTemporary(folder);
    }
  };
  const lock = { ...waitingFor(step, runtime, "step"), signal: runtime.signal };
  await reportDiskFull(step.id, () => withStatedLock(lockPath(workspace, `${key}-${shard.index}`), lock, work));
}

/** What a step's locks state about it, and the event while it waits for one. */
function waitingFor({ id }: Step, { events, plan }: BuildRuntime, what: "step" | "compute"): ScheduledFor {
  return {
    recipe: plan.name,
    step: id,
    onWait: (holder, owner) => events.emit({ type: "step-waiting", id, for: what, ...(holder && { holder }), owner }),
  };
}

/** Returns a finished step that this run may reuse (see `isUsable`). */
export async function findFinished(
  keyed: KeyedStep,
  runtime: BuildRuntime,
  restore: boolean,
): Promise<StepRecord | undefined> {
  const found = await findStep(keyed, runtime);
  return found !== undefined && isUsable(found, runtime.freshSince, restore) ? found : undefined;
}

/**
 * Whether a run may reuse this record: with `freshSince`, only if finished since then; with `restore`, only with all
 * files.
 */
export function isUsable(record: StepRecord, freshSince: string | null, restore: boolean): boolean {
  if (freshSince !== null && record.finished < freshSince) return false;
  return !restore || record.outputs.every(({ dropped }) => !dropped);
}

/** Commits a built step: hashing, flushing, rename, record. Needs only the disk. */
async function commitStep(
  { step, key, fingerprint }: KeyedStep,
  runtime: BuildRuntime,
  out: string,
  { report, seconds, warnings, gpuLayers }: StepResult,
): Promise<StepRecord> {
  const record = {
    format: 2 as const,
    key,
    step: step.id,
    recipe: runtime.plan.name,
    fingerprint,
    inputs: inputDigests(step.inputs, runtime.records),
    commands: report.commands ?? [],
    measurements: report.measurements ?? {},
    ...(warnings.length === 0 ? {} : { warnings }),
    finished: finishTime(runtime.freshSince),
    seconds,
    peakMemoryBytes: report.peakMemoryBytes ?? 0,
    ...(laneOf(step, runtime.plan.compute.compute) === "device"
      ? { compute: describeCompute(runtime.plan.compute.compute, gpuLayers) }
      : {}),
  };
  const onMoved = (path: string) => runtime.events.emit({ type: "step-note", id: step.id, note: describeMoved(path) });
  try {
    return await runtime.store.commit(out, record, await outputDigest(step, runtime, out, report), onMoved);
  } catch (error) {
    const gone = await irregularFile(out, Object.keys(report.expectedDigests ?? {}));
    throw gone === undefined ? error : inputChanged(step.id, gone, error);
  }
}

/** Returns the current time, or the start of a fresh run if this machine's clock is behind it. */
function finishTime(freshSince: string | null): string {
  const now = new Date().toISOString();
  return freshSince !== null && now < freshSince ? freshSince : now;
}

/**
 * Returns a function for the sha256 of an output. It does not read outputs that the operation verified, or hard links
 * of inputs (same device and inode) that are unchanged.
 */
async function outputDigest(
  step: Step,
  runtime: BuildRuntime,
  out: string,
  { digests: verified = {}, expectedDigests: expected = {} }: OperationReport,
): Promise<(path: string) => Promise<string>> {
  const known = new Map<string, { input: string; digest: string }>();
  for (const [name, digest] of Object.entries(inputDigests(step.inputs, runtime.records))) {
    const path = inputPath(step.inputs, name, runtime.records, runtime.store);
    if (path !== undefined) known.set(await fileIdentity(path), { input: path, digest });
  }
  return async (path) => {
    const name = path.slice(out.length + 1);
    const linked = known.get(await fileIdentity(path));
    const isRead = linked === undefined || !(await runtime.store.isVerified(linked.input));
    const digest = verified[name] ?? (isRead ? await runtime.digests.digest(path, runtime.signal) : linked.digest);
    if (linked !== undefined && digest !== linked.digest) throw inputChanged(step.id, name);
    if ((expected[name] ?? digest) !== digest) throw inputChanged(step.id, name);
    if (verified[name] !== undefined) await runtime.digests.add(path, digest);
    return digest;
  };
}

/** Returns the first path, in a folder that was not moved yet, of a link that no longer leads to a regular file. */
async function irregularFile(folder: string, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() !== true && (await isPresent(folder))) return path;
  }
  return undefined;
}

async function fileIdentity(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true });
  return `${dev}:${ino}`;
}
