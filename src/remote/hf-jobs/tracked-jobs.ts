import type { HubConnection } from "../../hub/connection.js";
import type { Job, JobState } from "../executor.js";
import { getJob } from "./api/get-job.js";
import type { HubJob } from "./api/job-info.js";
import { listJobs } from "./api/list-jobs.js";
import { JobLog } from "./job-log.js";
import { jobLabels, storeLabel } from "./job-request.js";
import { jobState } from "./job-state.js";
import type { JobsOptions } from "./jobs-options.js";
import { isOpen, labelOf } from "./start-requests.js";

interface Tracked {
  hub: HubJob;
  /** Label of the request that started it, or its id; identifies it for the cost limit. */
  key: string;
  /** Final state, set once it is over; `endSeen` is the time of that, in milliseconds of this process. */
  end: JobState | undefined;
  endSeen: number;
  log: JobLog | undefined;
}

export interface TrackingOptions {
  connection: HubConnection;
  options: JobsOptions;
  signal: AbortSignal;
  note(text: string, step?: string): void;
  /** Called for a running job that an earlier run started, with its `key`. */
  onAdopted(key: string): void;
  /** Called when a job is over; `seconds` as the Hub reports them. */
  onOver(key: string, seconds: number | undefined): void;
  /** Whether a poll must list all jobs. */
  needsAll(): boolean;
  /** Called with all jobs of the namespace if that is so, and the time of the listing in milliseconds of this process. */
  onListed(listed: readonly HubJob[], askedAt: number): Promise<void>;
}

/** How long to wait for the last lines of a job's log. */
const logTimeoutMs = 10_000;

/** The jobs of this output folder on the Hub, by name, and their logs. */
export class TrackedJobs {
  readonly #options: TrackingOptions;
  readonly #jobs = new Map<string, Tracked>();
  /** Jobs of this run; those of an earlier run are known only by name. */
  readonly #known = new Map<string, Job>();
  /** Names that were not in a complete listing. */
  readonly #absent = new Set<string>();

  constructor(options: TrackingOptions) {
    this.#options = options;
  }

  register(jobs: readonly Job[]): void {
    for (const job of jobs) this.#known.set(job.name, job);
  }

  /** Names of the waiting and running jobs on the Hub. */
  get open(): string[] {
    return [...this.#jobs].flatMap(([name, { end }]) => (end === undefined ? [name] : []));
  }

  /** Keys of these jobs. */
  get openKeys(): string[] {
    return [...this.#jobs.values()].flatMap(({ end, key }) => (end === undefined ? [key] : []));
  }

  /** Adds a started job; `key` is the label of its request. */
  add(job: Job, hub: HubJob, key: string): void {
    this.#jobs.set(job.name, { hub, key, end: undefined, endSeen: 0, log: undefined });
  }

  /** Returns the Hub's id of a job. */
  idOf(name: string): string | undefined {
    return this.#jobs.get(name)?.hub.id;
  }

  /** Whether the Hub was searched for a job, found or not. */
  isKnown(name: string): boolean {
    return this.#jobs.has(name) || this.#absent.has(name);
  }

  /** Forgets an ended job that will be started again. */
  forget(name: string): void {
    this.#jobs.delete(name);
    this.#absent.add(name);
  }

  state(name: string): JobState | undefined {
    const tracked = this.#jobs.get(name);
    if (tracked === undefined) return undefined;
    return tracked.end ?? { state: tracked.hub.stage === "waiting" ? "waiting" : "running" };
  }

  /** Whether a job ended within the last `ms` milliseconds. */
  endedWithin(name: string, ms: number): boolean {
    const tracked = this.#jobs.get(name);
    return tracked?.end !== undefined && performance.now() - tracked.endSeen < ms;
  }

  /** Returns the Hub's id of a job that is not over. */
  openId(name: string): string | undefined {
    const tracked = this.#jobs.get(name);
    return tracked?.end === undefined ? tracked?.hub.id : undefined;
  }

  cancelled(name: string): void {
    const tracked = this.#jobs.get(name);
    if (tracked !== undefined) this.#finish(tracked, { state: "cancelled", why: "was cancelled" });
  }

  /**
   * Reads from the Hub the states of the open jobs, jobs with these names from an earlier run, and jobs `held` back
   * here that another run has started since. Errors: QS-HUB-*; states read before the error are kept.
   */
  async poll(names: readonly string[], held: readonly string[]): Promise<void> {
    const { connection, options, signal } = this.#options;
    const unknown = names.filter((name) => !this.#jobs.has(name) && !this.#absent.has(name));
    const open = this.open;
    const all = this.#options.needsAll();
    if (unknown.length === 0 && open.length === 0 && held.length === 0 && !all) return;
    const ids = new Set(open.map((name) => this.openId(name)));
    const seenAll = (jobs: readonly HubJob[]) =>
      unknown.length === 0 && !all && jobs.filter(({ id }) => ids.has(id)).length === ids.size;
    const askedAt = performance.now();
    const listed = await listJobs(connection, options.namespace, signal, seenAll);
    // Jobs come newest first, so recently started jobs are found even in a partial listing.
    for (const name of [...unknown, ...held]) this.#adopt(name, listed);
    if (all) await this.#options.onListed(listed, askedAt);
    for (const name of this.open) await this.#update(name, listed);
  }

  /** Adopts a waiting or running job of an earlier run. The result of an ended job is in the store. */
  #adopt(name: string, listed: readonly HubJob[]): void {
    const store = storeLabel(this.#options.options);
    const hub = listed.find(
      (job) => job.labels[jobLabels.name] === name && job.labels[jobLabels.store] === store && isOpen(job),
    );
    if (hub === undefined) {
      this.#absent.add(name);
      return;
    }
    const key = labelOf(hub) ?? hub.id;
    this.#jobs.set(name, { hub, key, end: undefined, endSeen: 0, log: undefined });
    this.#options.onAdopted(key);
  }

  async #update(name: string, listed: readonly HubJob[]): Promise<void> {
    const { connection, options, signal, note } = this.#options;
    const tracked = this.#jobs.get(name);
    if (tracked === undefined) return;
    const place = { namespace: options.namespace, jobId: tracked.hub.id };
    const hub = listed.find(({ id }) => id === tracked.hub.id) ?? (await getJob(connection, place, signal));
    if (hub === undefined) {
      this.#finish(tracked, { state: "lost", why: "the Hub no longer lists it" });
      return;
    }
    tracked.hub = hub;
    if (hub.stage === "waiting") return;
    tracked.log ??= new JobLog(connection, place, signal, (line) => note(line, this.#stepOf(name)));
    if (hub.stage === "running") return;
    await tracked.log.finish(logTimeoutMs);
    const page = `${connection.endpoint}/jobs/${options.namespace}/${hub.id}`;
    const what = { step: this.#stepOf(name), limitSeconds: options.timeoutSeconds, page };
    const message = hub.message && connection.quote(hub.message);
    this.#finish(tracked, jobState({ ...hub, message }, { ...what, output: tracked.log.tail }));
  }

  #stepOf(name: string): string {
    return this.#known.get(name)?.step ?? name;
  }

  #finish(tracked: Tracked, end: JobState): void {
    tracked.log?.stop();
    tracked.end = end;
    tracked.endSeen = performance.now();
    this.#options.onOver(tracked.key, tracked.hub.seconds);
  }
}
