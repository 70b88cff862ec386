import { setTimeout as sleep } from "node:timers/promises";
import { findFinished } from "../engine/build-step.js";
import type { KeyedStep } from "../engine/fingerprint.js";
import { isDropped, type StepRecord } from "../engine/record.js";
import type { RemoteRunner } from "../engine/remote-runner.js";
import type { Runtime } from "../engine/runtime.js";
import { lockPath } from "../engine/workspace.js";
import type { Step, StepInput } from "../plan/plan.js";
import { isLocked, withLock } from "../util/lock.js";
import { mostAttempts, requireAnotherTry } from "./another-try.js";
import { type Executor, type Job, type JobState, jobName } from "./executor.js";
import { jobPaths, removeJobFiles } from "./job-file.js";
import { jobsOf, memoryOf, type PlannedStep, planJobs } from "./plan-jobs.js";
import { Submissions, type Submitted } from "./submissions.js";
import { stopWaiting, unwanted } from "./waiting-runs.js";
import { readWorkerError } from "./worker-error.js";
import { WorkerEvents } from "./worker-events.js";

/** Looks that must agree before a job counts as gone: file systems and queues tell of news with a delay. */
const looksToBeSure = 3;
/** Who interrupts a run waits for it to end; another run may submit for as long as its queue makes it wait. */
const patienceAtEndMs = 10_000;

/** What a step reads of another one. */
type StepOutput = Extract<StepInput, { kind: "step" }>;

/** The steps of a run that an executor does: submits them, follows them, and takes them back. */
export class RemoteSteps implements RemoteRunner {
  readonly #runtime: Runtime;
  readonly #executor: Executor;
  readonly #submissions: Submissions;
  #planned: ReadonlyMap<string, PlannedStep> = new Map();
  readonly #submitted = new Map<string, Submitted>();
  /** Keys of steps that were followed to their end. */
  readonly #finished = new Set<string>();
  #states: ReadonlyMap<string, JobState> = new Map();
  /** Names of jobs after which others may have been cancelled by the queue. */
  readonly #troubled = new Set<string>();
  #submitting: Promise<void> = Promise.resolve();
  #nextLook: Promise<void> | undefined;
  /** Looks in a row to which the queue answered with an error of its own. */
  #refusals = 0;

  constructor(runtime: Runtime, executor: Executor) {
    this.#runtime = runtime;
    this.#executor = executor;
    this.#submissions = new Submissions(runtime, executor);
  }

  /** Plans all jobs, has the executor agree to them, and submits what can be. Errors: the executor's. */
  async begin(): Promise<void> {
    this.#planned = await planJobs(this.#runtime, this.#executor);
    const remote = [...this.#planned.values()].filter(({ fate }) => fate === "remote");
    if (remote.length === 0) return;
    await this.#submissions.prepare(remote.flatMap((planned) => this.#jobsOf(planned)));
    await this.advance();
  }

  /** Whether the executor does this step, and not this process. */
  takes(step: Step): boolean {
    return this.#planned.get(step.id)?.portable === true;
  }

  /**
   * Submits the steps of which everything they read is finished or submitted. One that cannot be submitted now is tried
   * again when it is waited for, and fails then.
   */
  async advance(): Promise<void> {
    // One call after the other, so that no step is submitted twice.
    this.#submitting = this.#submitting.then(() => this.#submitReady());
    await this.#submitting;
  }

  async #submitReady(): Promise<void> {
    const ready: Submitted[] = [];
    for (const { step, key, fingerprint, fate, restore } of this.#planned.values()) {
      if (fate !== "remote" || this.#submitted.has(key) || this.#finished.has(key)) continue;
      if (this.#runtime.records.has(step.id) && !restore) continue;
      if (!inputsOf(step).every((input) => this.#isUnderWay(input))) continue;
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
    const jobs = this.#jobsOf(settled);
    const names = jobs.map(({ name }) => name);
    return { ...settled, restore, jobs, names, attempts: 1, adopted: false, silentLooks: 0 };
  }

  #isUnderWay(input: StepOutput): boolean {
    const planned = this.#planned.get(input.step);
    if (planned === undefined) return false;
    return planned.fate === "there" || this.#isThere(input) || this.#submitted.has(planned.key);
  }

  /** Whether this run knows of a file; one that was dropped is made again first. */
  #isThere({ step, file }: StepOutput): boolean {
    const record = this.#runtime.records.get(step);
    return record !== undefined && !isDropped(record, file);
  }

  /**
   * Waits for a step, all of whose inputs are finished, and has it done again when its job was lost.
   * Errors: the step's own, QS-WORKER-*; the reason of the run's signal.
   */
  async follow(settled: KeyedStep, restore: boolean): Promise<StepRecord> {
    const { step, key } = settled;
    const { signal, workspace, events } = this.#runtime;
    let entry = this.#submitted.get(key);
    if (entry === undefined) {
      // The plan took it for finished, or for another step, and now something that it reads has changed.
      entry = this.#entryOf(settled, restore);
      await this.#submissions.submit([entry], this.#planned);
      this.#submitted.set(key, entry);
    }
    const parts = entry.jobs.map(({ part }) => jobPaths(workspace, key, part?.index).events);
    const told = new WorkerEvents(step.id, parts.reverse(), events);
    for (;;) {
      signal.throwIfAborted();
      await told.forward();
      const record = await findFinished(settled, this.#runtime, restore);
      if (record !== undefined) {
        await this.#finish(entry);
        return record;
      }
      await this.#judge(entry);
      await this.#look();
    }
  }

  /** Takes back what this run has submitted, has no result, and nobody else waits for. */
  async end(): Promise<void> {
    await this.#submitting;
    const { workspace } = this.#runtime;
    const left = [...this.#submissions.sent.values()];
    if (left.length === 0) return;
    const takeBack = async () => {
      for (const { key } of left) await stopWaiting(workspace, key);
      const keys = await unwanted(
        workspace,
        left.map(({ key }) => key),
      );
      const names = left.flatMap(({ key, names }) => (keys.has(key) ? names : []));
      if (names.length > 0) await this.#executor.cancel(names);
    };
    const signal = AbortSignal.timeout(patienceAtEndMs);
    await withLock(lockPath(workspace, "submit"), { signal }, takeBack).catch((error: unknown) =>
      this.#tellLeft(left, error === signal.reason ? "another run is submitting jobs" : error),
    );
  }

  #tellLeft(left: readonly Submitted[], error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const note = `its job could not be taken out of the queue: ${reason}`;
    for (const { step } of left) this.#runtime.events.emit({ type: "step-note", id: step.id, note });
  }

  #jobsOf(settled: KeyedStep): Job[] {
    const { step } = settled;
    const { plan } = this.#runtime;
    const after = inputsOf(step).flatMap((input) => {
      const planned = this.#planned.get(input.step);
      return planned?.fate === "remote" && !this.#isThere(input) ? [jobName(planned.key)] : [];
    });
    return jobsOf(settled, [...new Set(after)], this.#executor.parts, memoryOf(step, plan));
  }

  async #finish({ key, names }: Submitted): Promise<void> {
    const { workspace } = this.#runtime;
    // Before it is no longer submitted: the run knows of the record only when `follow` has returned.
    this.#finished.add(key);
    this.#submissions.sent.delete(key);
    if (!this.#submitted.delete(key)) return;
    this.#executor.finished?.(names);
    await stopWaiting(workspace, key);
    await removeJobFiles(workspace, key, this.#executor.parts);
  }

  /** What is to be done about a step without a result: wait, fail, or submit it again. */
  async #judge(entry: Submitted): Promise<void> {
    const { workspace } = this.#runtime;
    const error = await readWorkerError(jobPaths(workspace, entry.key).error, entry.step.id);
    // Its input may have been made after it looked.
    const early = error?.code === "QS-WORKER-INPUT" && entry.attempts < mostAttempts;
    if (error !== undefined && !early) throw error;
    const state = this.#states.get(jobName(entry.key));
    // Also its parts: what they measure would be measured twice otherwise.
    const isLive = entry.names.some((name) => ["waiting", "running"].includes(this.#states.get(name)?.state ?? ""));
    if (isLive || (await isLocked(lockPath(workspace, entry.key)))) {
      entry.silentLooks = 0;
      return;
    }
    if (++entry.silentLooks < looksToBeSure) return;
    const followsTrouble = entry.jobs.some(({ after }) => after.some((name) => this.#troubled.has(name)));
    const { attempts, adopted } = entry;
    requireAnotherTry({ step: entry.step.id, state, attempts, early, followsTrouble, adopted });
    await this.#again(entry, state?.state ?? "not in the queue any more");
  }

  async #again(entry: Submitted, what: string): Promise<void> {
    const { id } = entry.step;
    this.#runtime.events.emit({ type: "step-note", id, note: `its job is ${what}; submitting it again` });
    for (const name of entry.names) this.#troubled.add(name);
    entry.attempts++;
    entry.silentLooks = 0;
    // Everything it reads is finished, and what its parts have done lies in the store. A part that failed would fail again.
    const parts = entry.jobs.filter(
      ({ name, part }) => part !== undefined && !["done", "failed"].includes(this.#states.get(name)?.state ?? ""),
    );
    const after = parts.map(({ name }) => name);
    entry.jobs = [
      ...parts.map((job) => ({ ...job, after: [] })),
      ...entry.jobs.slice(-1).map((job) => ({ ...job, after })),
    ];
    await this.#submissions.submit([entry], this.#planned);
  }

  /** One look at the queue for all steps that are waited for. */
  #look(): Promise<void> {
    this.#nextLook ??= this.#askQueue().finally(() => {
      this.#nextLook = undefined;
    });
    return this.#nextLook;
  }

  async #askQueue(): Promise<void> {
    const { signal } = this.#runtime;
    await sleep(this.#executor.pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    const entries = [...this.#submitted.values()];
    try {
      this.#states = await this.#executor.states(entries.flatMap(({ names }) => names));
      this.#submissions.answered();
      this.#refusals = 0;
    } catch (error) {
      // The store says what is finished, also while the queue is away. What it refuses again and again does not pass.
      if (!this.#submissions.isAway(error) && ++this.#refusals >= looksToBeSure) throw error;
      this.#submissions.unanswered(entries, error);
      for (const entry of entries) entry.silentLooks = 0;
    }
    for (const { name, part } of entries.flatMap(({ jobs }) => jobs)) {
      const bad = ["failed", "cancelled", "lost"].includes(this.#states.get(name)?.state ?? "");
      if (part !== undefined && bad) this.#troubled.add(name);
    }
  }
}

function inputsOf(step: Step): StepOutput[] {
  return Object.values(step.inputs).filter((input) => input.kind === "step");
}
