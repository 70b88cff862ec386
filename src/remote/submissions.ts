import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isUsable } from "../engine/build-step.js";
import type { KeyedStep } from "../engine/fingerprint.js";
import type { Runtime } from "../engine/runtime.js";
import { laneOf } from "../engine/scheduler.js";
import { recordKeys } from "../engine/step-keys.js";
import { lockPath } from "../engine/workspace.js";
import { isLocked } from "../util/lock.js";
import type { Executor, Job } from "./executor.js";
import { jobSettings } from "./job-compute.js";
import { describeInputs, removeJobFiles, shareFiles, writeJobFile } from "./job-file.js";
import type { PlannedStep } from "./plan-jobs.js";
import { type SubmitLock, SubmitLockLost } from "./submit-lock.js";
import { startWaiting } from "./waiting-runs.js";

/** How long submitting waits for a queue that does not respond. */
const maxOutageMs = 3600_000;

/** A step in the queue. */
export interface Submitted extends KeyedStep {
  restore: boolean;
  /** Jobs to submit; when a step is submitted again, only its unfinished jobs. */
  jobs: readonly Job[];
  /** Names of all jobs that the step has or had. */
  names: readonly string[];
  attempts: number;
  /** Another run's job was already in the queue. */
  adopted: boolean;
  /** Consecutive polls that found neither a waiting or running job nor a result. */
  quietPolls: number;
}

/** Puts the steps of a run into an executor's queue, each once, even with concurrent runs. */
export class Submissions {
  /** Steps of which this run has submitted jobs, or may have, by key. */
  readonly submitted = new Map<string, Submitted>();
  readonly #runtime: Runtime;
  readonly #executor: Executor;
  readonly #lock: SubmitLock;
  #prepared = false;
  /** Whether the last request to the queue failed; then the user has been notified. */
  #unreachable = false;

  constructor(runtime: Runtime, executor: Executor, lock: SubmitLock) {
    this.#runtime = runtime;
    this.#executor = executor;
    this.#lock = lock;
  }

  /** Has the executor check jobs before the first submission, including jobs of a step not planned at the start. */
  async prepare(jobs: readonly Job[]): Promise<void> {
    if (this.#prepared) return;
    await this.#executor.prepare?.(jobs);
    this.#prepared = true;
  }

  /**
   * Writes job files and submits the steps that are neither in the queue nor finished: another run may have submitted
   * or finished them. `planned` is the whole plan. Waits for a queue that does not respond, and begins again if another run
   * took the lock over. Errors: the executor's.
   */
  async submit(entries: readonly Submitted[], planned: ReadonlyMap<string, PlannedStep>): Promise<void> {
    const { signal } = this.#runtime;
    const [first] = entries;
    if (first === undefined) return;
    for (const started = performance.now(); ; ) {
      try {
        await this.#lock.run(first.step.id, signal, (requireHeld) => this.#submitNow(entries, planned, requireHeld));
        return;
      } catch (error) {
        if (error instanceof SubmitLockLost) continue;
        // Without the states, a job could be submitted twice. Other runs may take the lock meanwhile.
        if (!this.isUnreachable(error) || performance.now() - started > maxOutageMs) throw error;
        this.reportUnreachable(entries, error);
      }
      await sleep(this.#executor.pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Whether an error only means that the queue cannot be reached now. */
  isUnreachable(error: unknown): boolean {
    return this.#executor.isUnreachable?.(error) === true;
  }

  /** Reports once that the queue does not respond. */
  reportUnreachable([first]: readonly Submitted[], error: unknown): void {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const note = `${this.#executor.name} does not respond (${reason}); trying again`;
    if (first === undefined || this.#unreachable) return;
    this.#runtime.events.emit({ type: "step-note", id: first.step.id, note });
    this.#unreachable = true;
  }

  /** Records that the queue answered. */
  markReachable(): void {
    this.#unreachable = false;
  }

  async #submitNow(
    entries: readonly Submitted[],
    planned: ReadonlyMap<string, PlannedStep>,
    requireHeld: () => void,
  ): Promise<void> {
    const { workspace } = this.#runtime;
    const requested = entries.flatMap(({ jobs }) => jobs);
    await this.prepare(requested);
    const states = await this.#executor.states(requested.map(({ name }) => name));
    this.markReachable();
    const isLive = ({ name }: Job) => ["waiting", "running"].includes(states.get(name)?.state ?? "");
    const fresh: Submitted[] = [];
    for (const entry of entries) {
      // In this order: a job that has left the queue since the request is finished in the store.
      const live = entry.jobs.slice(-1).some(isLive);
      if (!live && (await this.#isFinishedSince(entry, planned))) continue;
      entry.adopted = live;
      this.submitted.set(entry.key, entry);
      await startWaiting(workspace, entry.key);
      await this.#describe(entry, planned, !live, requireHeld);
      if (!live) fresh.push(entry);
    }
    const jobs = fresh.flatMap(({ jobs }) => jobs.filter((job) => !isLive(job)));
    requireHeld();
    if (jobs.length > 0) await this.#executor.submit(jobs, requireHeld);
  }

  /** Whether another run's job has finished a step that was unfinished in the plan. */
  async #isFinishedSince(
    { step, key, restore, attempts }: Submitted,
    planned: ReadonlyMap<string, PlannedStep>,
  ): Promise<boolean> {
    const { store, freshSince, verify } = this.#runtime;
    const plannedAs = planned.get(step.id);
    if (plannedAs?.execution !== "remote" || plannedAs.key !== key || attempts > 1) return false;
    const record = await store.find(step.stage, key, { verify });
    return record !== undefined && isUsable(record, freshSince, restore);
  }

  async #describe(
    { step, key, restore, attempts }: Submitted,
    planned: ReadonlyMap<string, PlannedStep>,
    discardPrevious: boolean,
    requireHeld: () => void,
  ): Promise<void> {
    const { workspace, plan, freshSince, store } = this.#runtime;
    requireHeld();
    if (discardPrevious) {
      await removeJobFiles(workspace, key, this.#executor.shards);
      // A process that builds the step without a queue may be using the partial work.
      const afresh = freshSince !== null && attempts === 1;
      if (afresh && !(await isLocked(lockPath(workspace, key)))) {
        await rm(store.partialFolder(key), { recursive: true, force: true });
      }
    }
    const { backend } = plan.compute.compute;
    const { id, stage, variant, operation = "", version, params, predictedBytes, requiresMemory } = step;
    const keys = new Map([...planned].map(([of, { key }]) => [of, key]));
    for (const [of, known] of recordKeys(this.#runtime.records)) keys.set(of, known);
    const inputs = describeInputs(step, (of) => planned.get(of)?.step.stage ?? stage, keys);
    await shareFiles(workspace, step.inputs);
    requireHeld();
    await writeJobFile(workspace, {
      ...{ format: 1, key, recipe: plan.name, step: id, stage, operation, version, params, inputs, predictedBytes },
      ...(variant === undefined ? {} : { variant }),
      ...(requiresMemory === undefined ? {} : { requiresMemory }),
      ...(laneOf(step, plan.compute.compute) === "device"
        ? { compute: { settings: jobSettings(plan.computeSettings, backend), backend } }
        : {}),
      ...{ toolDigests: plan.toolDigests, since: freshSince, restore },
    });
  }
}
