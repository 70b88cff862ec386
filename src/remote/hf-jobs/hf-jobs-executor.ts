import PQueue from "p-queue";
import type { HubConnection } from "../../hub/connection.js";
import { count } from "../../util/count.js";
import { QuantsmithError } from "../../util/errors.js";
import type { Executor, Job, JobState } from "../executor.js";
import { cancelJob } from "./api/cancel-job.js";
import type { HubJob } from "./api/job-info.js";
import { listJobs } from "./api/list-jobs.js";
import { CostLimit } from "./cost-limit.js";
import { startJob } from "./job-start.js";
import type { JobsOptions } from "./jobs-options.js";
import { isOutage, Outage } from "./outage.js";
import { prepareJobs } from "./prepare-jobs.js";
import { isOpen, labelOf, StartRequests } from "./start-requests.js";
import { TrackedJobs } from "./tracked-jobs.js";

export interface HfJobsDeps {
  connection: HubConnection;
  options: JobsOptions;
  /** Maximum cost of all jobs of this run; without it nothing is started, and the worst case is reported. */
  maxCostUsd: number | undefined;
  /** Durations of the steps' last builds in seconds, by step id. */
  pastSeconds: ReadonlyMap<string, number>;
  signal: AbortSignal;
  /** Reports a message to the user, for a step if one is named. */
  note(text: string, step?: string): void;
  /** Longest wait between two polls, in milliseconds; shorter in tests. */
  pollMs?: number;
  /** How long a job's files may take to be visible here, in milliseconds. */
  settleMs?: number;
  /** How long the Hub's list may not show a started job, in milliseconds. */
  listMs?: number;
}

/** Jobs take minutes or longer; shortly after one change, another is likely. */
const maxPollMs = 15_000;
const minPollMs = 1000;
/** A mounted bucket shows the files of other machines only when it refreshes, about every half minute. */
const defaultSettleMs = 90_000;
/** Another request after a lost answer is cheap compared with a second job. */
const defaultListMs = 60_000;

/** How long an interrupted run tries to cancel its jobs. */
const cancelMs = 60_000;

/**
 * Runs jobs on Hugging Face Jobs, which supports neither names nor dependencies. Jobs are found by their labels, and
 * held back here until their dependencies are done and a slot is free. A run that ends leaves its jobs; the next run
 * adopts them.
 */
export function hfJobsExecutor(deps: HfJobsDeps): Executor {
  return new HfJobs(deps);
}

class HfJobs implements Executor {
  readonly name = "hf-jobs";
  readonly seesLinks = false;
  readonly shards: number;
  readonly #deps: HfJobsDeps;
  readonly #tracked: TrackedJobs;
  readonly #outage: Outage;
  /** Serializes all requests, so that a job is never started twice. */
  readonly #queue = new PQueue({ concurrency: 1 });
  /** Submitted, but not yet started. */
  readonly #held = new Map<string, Job>();
  /** Never started, with the reason. */
  readonly #refused = new Map<string, JobState>();
  #quietPolls = 0;
  #lastStates = "";
  readonly #requests: StartRequests;
  /** Ids of second jobs of a name, cancelled if possible. */
  readonly #surplus = new Set<string>();
  /** Cores of the flavor. */
  #cpus: number | undefined;

  constructor(deps: HfJobsDeps) {
    this.#deps = deps;
    this.shards = deps.options.shards;
    this.#outage = new Outage(deps.note);
    this.#requests = new StartRequests(deps.listMs ?? defaultListMs);
    this.#tracked = new TrackedJobs({
      ...deps,
      onAdopted: (key) => this.#requests.cost?.adopt(key, deps.options.timeoutSeconds),
      onOver: (key, seconds) => this.#requests.cost?.settle(key, seconds),
      needsAll: () => this.#requests.anyLost,
      onListed: (listed, askedAt) => this.#settleLost(listed, askedAt),
    });
  }

  /** Doubles while nothing changes. */
  get pollMs(): number {
    return Math.min(this.#deps.pollMs ?? maxPollMs, minPollMs * 2 ** Math.min(this.#quietPolls, 10));
  }

  async prepare(jobs: readonly Job[]): Promise<void> {
    const { flavor, maxCostUsd, notes } = await prepareJobs(jobs, this.#deps);
    this.#tracked.register(jobs);
    this.#cpus = flavor.cpus;
    const cost = new CostLimit(maxCostUsd, flavor.usdPerMinute);
    for (const key of this.#tracked.openKeys) cost.adopt(key, this.#deps.options.timeoutSeconds);
    this.#requests.cost = cost;
    for (const text of notes) this.#deps.note(text);
  }

  submit(jobs: readonly Job[], requireHeld: () => void = () => undefined): Promise<void> {
    return this.#queue.add(async () => {
      requireHeld();
      const earlier = [...this.#held.keys()];
      for (const job of jobs) {
        this.#refused.delete(job.name);
        this.#tracked.forget(job.name);
        this.#held.set(job.name, job);
      }
      await this.#tolerateOutage(() => this.#startReady(earlier, requireHeld));
    });
  }

  get canStart(): boolean {
    return [...this.#held.values()].some((job) => this.#isReady(job));
  }

  startHeld(requireHeld: () => void): Promise<void> {
    return this.#queue.add(async () => {
      await this.#tolerateOutage(() => this.#startReady([...this.#held.keys()], requireHeld));
    });
  }

  states(names: readonly string[]): Promise<ReadonlyMap<string, JobState>> {
    return this.#queue.add(async () => {
      const outage = await this.#tolerateOutage(async () => {
        await this.#poll(names, [...this.#held.keys()]);
        for (const job of [...this.#held.values()]) this.#refuseIfFailed(job);
      });
      // A job that was not searched does not count as absent, since it would be started again.
      if (outage !== undefined && !names.every((name) => this.#tracked.isKnown(name))) throw outage;
      const found = names.map((name) => [name, this.#reportedState(name)] as const);
      const states = new Map(found.flatMap(([name, state]) => (state === undefined ? [] : [[name, state]])));
      const summary = JSON.stringify([...states].map(([name, { state }]) => [name, state]));
      this.#quietPolls = summary === this.#lastStates ? this.#quietPolls + 1 : 0;
      this.#lastStates = summary;
      return states;
    });
  }

  isUnreachable(error: unknown): boolean {
    return isOutage(error) && !this.#outage.isExpired;
  }

  finished(names: readonly string[]): void {
    for (const name of names) this.#held.delete(name);
  }

  cancel(names: readonly string[]): Promise<void> {
    return this.#queue.add(async () => {
      const { connection, options } = this.#deps;
      // The run's own signal is already aborted when a run is interrupted.
      const signal = AbortSignal.timeout(cancelMs);
      const cancelled = names.map(async (name) => {
        this.#held.delete(name);
        const jobId = this.#tracked.openId(name);
        if (jobId === undefined) return;
        await cancelJob(connection, { namespace: options.namespace, jobId }, signal);
        this.#tracked.cancelled(name);
      });
      const all = [...cancelled, this.#cancelLost(names, signal)];
      const failed = (await Promise.allSettled(all)).find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
    });
  }

  /** Cancels the jobs of requests whose answer was lost; reports those that are not found. */
  async #cancelLost(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { connection, options, note } = this.#deps;
    const lost = new Set(names.flatMap((name) => this.#requests.lostOf(name)));
    if (lost.size === 0) return;
    const isLost = (job: HubJob) => lost.has(labelOf(job) ?? "");
    const isAll = (seen: readonly HubJob[]) => new Set(seen.filter(isLost).map(labelOf)).size === lost.size;
    const jobs = (await listJobs(connection, options.namespace, signal, isAll)).filter(isLost);
    for (const { id } of jobs.filter(isOpen)) {
      await cancelJob(connection, { namespace: options.namespace, jobId: id }, signal);
    }
    for (const job of jobs) lost.delete(labelOf(job) ?? "");
    if (lost.size === 0) return;
    const page = `${connection.endpoint}/jobs/${options.namespace}`;
    note(
      `${count(lost.size, "request")} to start a job had no valid answer, and the Hub lists no job to cancel; see ${page}`,
    );
  }

  /** Settles requests whose answer was lost, and cancels their jobs that run beside another one of the same name. */
  async #settleLost(listed: readonly HubJob[], askedAt: number): Promise<void> {
    const { connection, options, signal, note } = this.#deps;
    const known = {
      isHeld: (name: string) => this.#held.has(name),
      idOf: (name: string) => this.#tracked.idOf(name),
    };
    for (const { id } of this.#requests.settle(listed, askedAt, known)) {
      // The Hub shows it as running for a while.
      if (this.#surplus.has(id)) continue;
      const what = `the job ${id}, which a request without a valid answer had started beside another one`;
      try {
        await cancelJob(connection, { namespace: options.namespace, jobId: id }, signal);
        note(`cancelled ${what}`);
      } catch (error) {
        if (isOutage(error) || !(error instanceof QuantsmithError)) throw error;
        note(`could not cancel ${what}: ${error.message}`);
      }
      this.#surplus.add(id);
    }
  }

  /** Returns the state to report. An ended job counts as running until its files must be visible here. */
  #reportedState(name: string): JobState | undefined {
    const state = this.#stateOf(name);
    const hasFiles = state?.state === "done" || state?.state === "failed";
    const settling = hasFiles && this.#tracked.endedWithin(name, this.#deps.settleMs ?? defaultSettleMs);
    return settling ? { state: "running", why: "ended; waiting for its files" } : state;
  }

  #stateOf(name: string): JobState | undefined {
    const held = this.#held.get(name);
    if (held === undefined) return this.#refused.get(name) ?? this.#tracked.state(name);
    if (this.#requests.mayAppear(name)) return { state: "waiting", why: "looking for its job" };
    const before = held.after.find((other) => !this.#isDone(other));
    return { state: "waiting", why: before === undefined ? "waiting for a free slot" : `waiting for ${before}` };
  }

  /**
   * Whether a job is done. Jobs that are unknown here are: jobs name them as dependencies only after they succeeded.
   */
  #isDone(name: string): boolean {
    return (this.#stateOf(name)?.state ?? "done") === "done";
  }

  /** Reads the states of jobs; no longer holds back those that another run has started. */
  async #poll(names: readonly string[], held: readonly string[]): Promise<void> {
    await this.#tracked.poll(names, held);
    for (const name of this.#tracked.open) this.#held.delete(name);
  }

  #isReady({ name, after }: Job): boolean {
    if (this.#tracked.open.length >= this.#deps.options.jobs || this.#requests.mayAppear(name)) return false;
    return after.every((other) => this.#isDone(other));
  }

  /** Starts the held jobs that may run now, in the order of submission. Another run may have started the `earlier` ones. */
  async #startReady(earlier: readonly string[], requireHeld: () => void): Promise<void> {
    if (earlier.length > 0) await this.#poll([], earlier);
    for (const job of [...this.#held.values()]) {
      // A step may have finished meanwhile.
      if (!this.#held.has(job.name)) continue;
      this.#refuseIfFailed(job);
      if (!this.#held.has(job.name) || !this.#isReady(job)) continue;
      requireHeld();
      await this.#start(job);
    }
  }

  #refuseIfFailed(job: Job): void {
    // The reported state, since the engine would otherwise count this job as cancelled for no reason.
    const bad = job.after.find((name) =>
      ["failed", "cancelled", "lost"].includes(this.#reportedState(name)?.state ?? ""),
    );
    if (bad !== undefined) this.#refuse(job, { state: "cancelled", why: `${bad} did not succeed` });
  }

  async #start(job: Job): Promise<void> {
    try {
      const started = await startJob(job, { ...this.#deps, cpus: this.#cpus, requests: this.#requests });
      if (started === undefined) return;
      this.#tracked.add(job, started.hub, started.label);
      this.#held.delete(job.name);
    } catch (error) {
      if (!(error instanceof QuantsmithError) || !error.code.startsWith("QS-JOBS-")) throw error;
      this.#refuse(job, { state: "failed", why: error.message, error });
    }
  }

  #refuse(job: Job, state: JobState): void {
    this.#held.delete(job.name);
    this.#refused.set(job.name, state);
  }

  /**
   * Tolerates a temporary outage of the Hub without failing a job; the next poll repeats the work. Returns the error.
   */
  async #tolerateOutage(work: () => Promise<void>): Promise<unknown> {
    try {
      await work();
      this.#outage.end();
      return undefined;
    } catch (error) {
      this.#outage.tolerate(error);
      return error;
    }
  }
}
