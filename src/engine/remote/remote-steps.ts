import { setTimeout as sleep } from "node:timers/promises";
import { dependencies, type Step } from "../../plan/plan.js";
import { isLocked, withLock } from "../../util/lock.js";
import { findFinished } from "../build-step.js";
import { type Executor, type Job, type JobState, jobName } from "../executor.js";
import { recordKeys } from "../find-step.js";
import { fingerprint, stepKey } from "../fingerprint.js";
import { jobPaths, removeJobFiles } from "../job-file.js";
import type { StepRecord } from "../record.js";
import type { Runtime } from "../runtime.js";
import { lockPath } from "../workspace.js";
import { mostAttempts, requireAnotherTry } from "./another-try.js";
import { jobsOf, memoryOf, type PlannedStep, planJobs } from "./plan-jobs.js";
import { Submissions, type Submitted } from "./submissions.js";
import { stopWaiting, unwanted } from "./waiting-runs.js";
import { readWorkerError } from "./worker-error.js";
import { WorkerEvents } from "./worker-events.js";

/** Looks that must agree before a job counts as gone: file systems and queues tell of news with a delay. */
const looksToBeSure = 3;

/** The steps of a run that an executor does: submits them, follows them, and takes them back. */
export class RemoteSteps {
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
    await this.#submissions.prepare(remote.flatMap(({ step, key }) => this.#jobsOf(step, key)));
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
    for (const { step, key, fate, restore } of this.#planned.values()) {
      if (fate !== "remote" || this.#submitted.has(key) || this.#finished.has(key)) continue;
      if (this.#runtime.records.has(step.id) && !restore) continue;
      if (!dependencies(step).every(({ id }) => this.#isUnderWay(id))) continue;
      const entry = { step, key, restore, jobs: this.#jobsOf(step, key), attempts: 1, silentLooks: 0 };
      this.#submitted.set(key, entry);
      ready.push(entry);
    }
    if (ready.length === 0) return;
    await this.#submissions.submit(ready, this.#planned).catch(() => {
      for (const { key } of ready) this.#submitted.delete(key);
    });
  }

  #isUnderWay(id: string): boolean {
    const planned = this.#planned.get(id);
    if (planned === undefined) return false;
    return planned.fate === "there" || this.#runtime.records.has(id) || this.#submitted.has(planned.key);
  }

  /**
   * Waits for a step, all of whose inputs are finished, and has it done again when its job was lost.
   * Errors: the step's own, QS-WORKER-*; the reason of the run's signal.
   */
  async follow(step: Step, restore: boolean): Promise<StepRecord> {
    const { plan, signal, workspace, events } = this.#runtime;
    const key = stepKey(fingerprint(step, plan, recordKeys(this.#runtime)));
    let entry = this.#submitted.get(key);
    if (entry === undefined) {
      // The plan took it for finished, or for another step, and now something that it reads has changed.
      entry = { step, key, restore, jobs: this.#jobsOf(step, key), attempts: 1, silentLooks: 0 };
      await this.#submissions.submit([entry], this.#planned);
      this.#submitted.set(key, entry);
    }
    const parts = entry.jobs.map(({ part }) => jobPaths(workspace, key, part?.index).events);
    const told = new WorkerEvents(step.id, parts.reverse(), events);
    for (;;) {
      signal.throwIfAborted();
      await told.forward();
      const record = await findFinished(step, this.#runtime, restore);
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
    await withLock(lockPath(workspace, "submit"), {}, async () => {
      for (const { key } of left) await stopWaiting(workspace, key);
      const keys = await unwanted(
        workspace,
        left.map(({ key }) => key),
      );
      const names = left.flatMap(({ key, jobs }) => (keys.has(key) ? jobs.map(({ name }) => name) : []));
      if (names.length > 0) await this.#executor.cancel(names).catch((error: unknown) => this.#tellLeft(left, error));
    });
  }

  #tellLeft(left: readonly Submitted[], error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const note = `its job could not be taken out of the queue: ${reason}`;
    for (const { step } of left) this.#runtime.events.emit({ type: "step-note", id: step.id, note });
  }

  #jobsOf(step: Step, key: string): Job[] {
    const { plan } = this.#runtime;
    const after = dependencies(step).flatMap(({ id }) => {
      const planned = this.#planned.get(id);
      if (planned?.fate !== "remote" || this.#runtime.records.has(id)) return [];
      return [jobName(planned.key)];
    });
    return jobsOf(step, key, [...new Set(after)], this.#executor.parts, memoryOf(step, plan));
  }

  async #finish({ key }: Submitted): Promise<void> {
    const { workspace } = this.#runtime;
    // Before it is no longer submitted: the run knows of the record only when `follow` has returned.
    this.#finished.add(key);
    this.#submissions.sent.delete(key);
    if (!this.#submitted.delete(key)) return;
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
    const isLive = state?.state === "waiting" || state?.state === "running";
    if (isLive || (await isLocked(lockPath(workspace, entry.key)))) {
      entry.silentLooks = 0;
      return;
    }
    if (++entry.silentLooks < looksToBeSure) return;
    const followsTrouble = entry.jobs.some(({ after }) => after.some((name) => this.#troubled.has(name)));
    requireAnotherTry({ step: entry.step.id, state, attempts: entry.attempts, early, followsTrouble });
    await this.#again(entry, state?.state ?? "not in the queue any more");
  }

  async #again(entry: Submitted, what: string): Promise<void> {
    const { id } = entry.step;
    this.#runtime.events.emit({ type: "step-note", id, note: `its job is ${what}; submitting it again` });
    for (const { name } of entry.jobs) this.#troubled.add(name);
    entry.attempts++;
    entry.silentLooks = 0;
    // Everything it reads is finished, and what its parts have done lies in the store.
    entry.jobs = entry.jobs.slice(-1).map((job) => ({ ...job, after: [] }));
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
      this.#states = await this.#executor.states(entries.flatMap(({ jobs }) => jobs.map(({ name }) => name)));
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
