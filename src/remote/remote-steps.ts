import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { findFinished } from "../engine/build-step.js";
import type { KeyedStep } from "../engine/fingerprint.js";
import { isDropped, type StepRecord } from "../engine/record.js";
import type { RemoteRunner } from "../engine/remote-runner.js";
import type { Runtime } from "../engine/runtime.js";
import { lockPath } from "../engine/workspace.js";
import type { Step, StepInput } from "../plan/plan.js";
import { isLocked } from "../util/lock.js";
import { type Executor, type Job, type JobState, jobName } from "./executor.js";
import { jobPaths, removeJobFiles, removeUnusedTexts, sharesTexts } from "./job-file.js";
import { createJobs, estimateJobMemory, type PlannedStep, planJobs } from "./plan-jobs.js";
import { maxAttempts, requireRetry } from "./require-retry.js";
import { Submissions, type Submitted } from "./submissions.js";
import { SubmitLock, SubmitLockLost } from "./submit-lock.js";
import { findUnwanted, stopWaiting } from "./waiting-runs.js";
import { readWorkerError } from "./worker-error.js";
import { WorkerEvents } from "./worker-events.js";

/** Consecutive polls before a job counts as lost: file systems and queues report changes with a delay. */
const confirmPolls = 3;
/** The user waits for an interrupted run to end, while another run may submit for as long as its queue blocks. */
const shutdownTimeoutMs = 10_000;
const tidyTimeoutMs = 1000;

/** An input that is an output of another step. */
type StepOutput = Extract<StepInput, { kind: "step" }>;

/** The remote steps of a run: submits, follows and cancels them. */
export class RemoteSteps implements RemoteRunner {
  readonly #runtime: Runtime;
  readonly #executor: Executor;
  readonly #lock: SubmitLock;
  readonly #submissions: Submissions;
  #planned: ReadonlyMap<string, PlannedStep> = new Map();
  readonly #submitted = new Map<string, Submitted>();
  /** Keys of steps that have ended. */
  readonly #finished = new Set<string>();
  #states: ReadonlyMap<string, JobState> = new Map();
  /** Names of failed jobs; the queue may have cancelled the jobs after them. */
  readonly #failedJobs = new Set<string>();
  #submitting: Promise<void> = Promise.resolve();
  #nextPoll: Promise<void> | undefined;
  /** Consecutive polls that the queue answered with an error other than an outage. */
  #refusals = 0;

  constructor(runtime: Runtime, executor: Executor) {
    this.#runtime = runtime;
    this.#executor = executor;
    this.#lock = new SubmitLock(runtime);
    this.#submissions = new Submissions(runtime, executor, this.#lock);
  }

  /** Plans all jobs, has the executor check them, and submits those that are ready. Errors: the executor's. */
  async start(): Promise<void> {
    this.#planned = await planJobs(this.#runtime, this.#executor);
    const remote = [...this.#planned.values()].filter(({ execution }) => execution === "remote");
    if (remote.length === 0) return;
    await this.#submissions.prepare(remote.flatMap((planned) => this.#createJobs(planned)));
    await this.submitReady();
  }

  /** Whether the executor runs this step instead of this process. */
  runsRemotely(step: Step): boolean {
    return this.#planned.get(step.id)?.portable === true;
  }

  /**
   * Submits the steps whose inputs are all finished or submitted. A step whose submission fails is tried again, and can
   * fail, in `waitForStep`.
   */
  async submitReady(): Promise<void> {
    // Serialized, so that no step is submitted twice.
    this.#submitting = this.#submitting.then(() => this.#submitReadyNow());
    await this.#submitting;
  }

  async #submitReadyNow(): Promise<void> {
    const ready: Submitted[] = [];
    for (const { step, key, fingerprint, execution, restore } of this.#planned.values()) {
      if (execution !== "remote" || this.#submitted.has(key) || this.#finished.has(key)) continue;
      if (this.#runtime.records.has(step.id) && !restore) continue;
      if (!inputsOf(step).every((input) => this.#isAvailableOrSubmitted(input))) continue;
      const entry = this.#entryOf({ step, key, fingerprint }, restore);
      this.#submitted.set(key, entry);
      ready.push(entry);
    }
    if (ready.length === 0) return;
    await this.#submissions.submit(ready, this.#planned).catch(() => {
      for (const { key } of ready) this.#submitted.delete(key);
    });
  }

  #entryOf(settled: KeyedStep, restore: boolean): Submitted {
    const jobs = this.#createJobs(settled);
    const names = jobs.map(({ name }) => name);
    return { ...settled, restore, jobs, names, attempts: 1, adopted: false, quietPolls: 0 };
  }

  #isAvailableOrSubmitted(input: StepOutput): boolean {
    const planned = this.#planned.get(input.step);
    if (planned === undefined) return false;
    return planned.execution === "finished" || this.#isAvailable(input) || this.#submitted.has(planned.key);
  }

  /** Whether this run has an input file; a dropped file is rebuilt first. */
  #isAvailable({ step, file }: StepOutput): boolean {
    const record = this.#runtime.records.get(step);
    return record !== undefined && !isDropped(record, file);
  }

  /**
   * Waits for a step whose inputs are all finished, and submits it again if its job was lost.
   * Errors: the step's own, QS-WORKER-*; the reason of the run's signal.
   */
  async waitForStep(settled: KeyedStep, restore: boolean): Promise<StepRecord> {
    const { step, key } = settled;
    const { signal, workspace, events } = this.#runtime;
    let entry = this.#submitted.get(key);
    if (entry === undefined) {
      // The plan had it as finished or with another key, and one of its inputs has changed since.
      entry = this.#entryOf(settled, restore);
      await this.#submissions.submit([entry], this.#planned);
      this.#submitted.set(key, entry);
    }
    const parts = entry.jobs.map(({ shard }) => jobPaths(workspace, key, shard?.index).events);
    const workerEvents = new WorkerEvents(step.id, parts.reverse(), events);
    for (;;) {
      signal.throwIfAborted();
      await workerEvents.forward();
      const record = await findFinished(settled, this.#runtime, restore);
      if (record !== undefined) {
        await this.#finish(entry);
        return record;
      }
      await this.#checkJob(entry);
      await this.#poll();
    }
  }

  /** Cancels this run's jobs that have no result and that no other run waits for, and removes texts that no job needs. */
  async stop(): Promise<void> {
    await this.#submitting;
    const { workspace } = this.#runtime;
    const left = [...this.#submissions.submitted.values()];
    const [first] = left.length > 0 ? left : this.#planned.values();
    if (first === undefined || (left.length === 0 && !(await sharesTexts(workspace)))) return;
    const cancelUnwanted = async (requireHeld: () => void) => {
      for (const { key } of left) await stopWaiting(workspace, key);
      // Also those of finished steps, whose job files a killed run may have left.
      const ended = [...left, ...this.#runtime.records.values()].map(({ key }) => key);
      const keys = await findUnwanted(workspace, ended);
      const names = left.flatMap(({ key, names }) => (keys.has(key) ? names : []));
      // A run that took the lock over may wait for them now.
      requireHeld();
      if (names.length > 0) await this.#executor.cancel(names);
      for (const key of keys) await rm(jobPaths(workspace, key).job, { force: true });
      // `cache gc` removes what stays.
      await removeUnusedTexts(workspace, requireHeld).catch(() => undefined);
    };
    // Another run that holds the lock removes unused texts when it ends.
    const signal = AbortSignal.timeout(left.length > 0 ? shutdownTimeoutMs : tidyTimeoutMs);
    await this.#lock
      .run(first.step.id, signal, cancelUnwanted)
      .catch((error: unknown) => this.#reportUncancelled(left, error === signal.reason ? new SubmitLockLost() : error));
  }

  #reportUncancelled(left: readonly Submitted[], error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const note = `could not cancel its job: ${reason}`;
    for (const { step } of left) this.#runtime.events.emit({ type: "step-note", id: step.id, note });
  }

  #createJobs(settled: KeyedStep): Job[] {
    const { step } = settled;
    const { plan } = this.#runtime;
    const after = inputsOf(step).flatMap((input) => {
      const planned = this.#planned.get(input.step);
      return planned?.execution === "remote" && !this.#isAvailable(input) ? [jobName(planned.key)] : [];
    });
    return createJobs(settled, [...new Set(after)], this.#executor.shards, estimateJobMemory(step, plan));
  }

  async #finish({ key, names }: Submitted): Promise<void> {
    const { workspace } = this.#runtime;
    // First, since the run stores the record only after `waitForStep` has returned.
    this.#finished.add(key);
    this.#submissions.submitted.delete(key);
    if (!this.#submitted.delete(key)) return;
    this.#executor.finished?.(names);
    await stopWaiting(workspace, key);
    await removeJobFiles(workspace, key, this.#executor.shards);
  }

  /** Handles a step without a result: waits, fails, or submits it again. */
  async #checkJob(entry: Submitted): Promise<void> {
    const { workspace } = this.#runtime;
    const error = await readWorkerError(jobPaths(workspace, entry.key).error, entry.step.id);
    // The worker may have looked for its input before it was built.
    const startedEarly = error?.code === "QS-WORKER-INPUT" && entry.attempts < maxAttempts;
    if (error !== undefined && !startedEarly) throw error;
    const state = this.#states.get(jobName(entry.key));
    // Includes shards, whose work would otherwise be repeated.
    const isLive = entry.names.some((name) => ["waiting", "running"].includes(this.#states.get(name)?.state ?? ""));
    if (isLive || (await isLocked(lockPath(workspace, entry.key)))) {
      entry.quietPolls = 0;
      return;
    }
    if (++entry.quietPolls < confirmPolls) return;
    const afterFailedJob = entry.jobs.some(({ after }) => after.some((name) => this.#failedJobs.has(name)));
    const { attempts, adopted } = entry;
    requireRetry({ step: entry.step.id, state, attempts, startedEarly, afterFailedJob, adopted });
    await this.#resubmit(entry, state?.state ?? "no longer in the queue");
  }

  async #resubmit(entry: Submitted, what: string): Promise<void> {
    const { id } = entry.step;
    this.#runtime.events.emit({ type: "step-note", id, note: `its job is ${what}; submitting it again` });
    for (const name of entry.names) this.#failedJobs.add(name);
    entry.attempts++;
    entry.quietPolls = 0;
    // All inputs are finished, and the work of finished shards is in the store. A failed shard would fail again.
    const shards = entry.jobs.filter(
      ({ name, shard }) => shard !== undefined && !["done", "failed"].includes(this.#states.get(name)?.state ?? ""),
    );
    const after = shards.map(({ name }) => name);
    entry.jobs = [
      ...shards.map((job) => ({ ...job, after: [] })),
      ...entry.jobs.slice(-1).map((job) => ({ ...job, after })),
    ];
    await this.#submissions.submit([entry], this.#planned);
  }

  /** Polls the queue once for all awaited steps. */
  #poll(): Promise<void> {
    this.#nextPoll ??= this.#pollQueue().finally(() => {
      this.#nextPoll = undefined;
    });
    return this.#nextPoll;
  }

  async #pollQueue(): Promise<void> {
    const { signal } = this.#runtime;
    await sleep(this.#executor.pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    const entries = [...this.#submitted.values()];
    try {
      this.#states = await this.#executor.states(entries.flatMap(({ names }) => names));
      await this.#startHeld(entries);
      this.#submissions.markReachable();
      this.#refusals = 0;
    } catch (error) {
      signal.throwIfAborted();
      // The store shows finished steps even while the queue does not respond. Repeated refusals are permanent.
      if (!this.#submissions.isUnreachable(error) && ++this.#refusals >= confirmPolls) throw error;
      this.#submissions.reportUnreachable(entries, error);
      for (const entry of entries) entry.quietPolls = 0;
    }
    for (const { name, shard } of entries.flatMap(({ jobs }) => jobs)) {
      const bad = ["failed", "cancelled", "lost"].includes(this.#states.get(name)?.state ?? "");
      if (shard !== undefined && bad) this.#failedJobs.add(name);
    }
  }

  /** Starts the jobs that the executor holds back and that may run now. */
  async #startHeld([first]: readonly Submitted[]): Promise<void> {
    if (first === undefined || this.#executor.canStart !== true) return;
    const start = async (requireHeld: () => void) => this.#executor.startHeld?.(requireHeld);
    await this.#lock.run(first.step.id, this.#runtime.signal, start).catch((error: unknown) => {
      // The next poll tries again.
      if (!(error instanceof SubmitLockLost)) throw error;
    });
  }
}

function inputsOf(step: Step): StepOutput[] {
  return Object.values(step.inputs).filter((input) => input.kind === "step");
}
