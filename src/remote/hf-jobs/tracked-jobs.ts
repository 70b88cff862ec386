import type { HubConnection } from "../../hub/connection.js";
import type { Job, JobState } from "../executor.js";
import { getJob } from "./api/get-job.js";
import type { HubJob } from "./api/job-info.js";
import { listJobs } from "./api/list-jobs.js";
import { JobLog } from "./job-log.js";
import { jobLabels, storeLabel } from "./job-request.js";
import { jobState } from "./job-state.js";
import type { JobsOptions } from "./jobs-options.js";

interface Tracked {
  hub: HubJob;
  /** Set once it is over, and when that was seen, in milliseconds of this process. */
  end: JobState | undefined;
  endSeen: number;
  log: JobLog | undefined;
}

export interface TrackingOptions {
  connection: HubConnection;
  options: JobsOptions;
  signal: AbortSignal;
  note(text: string, step?: string): void;
  /** A job that an earlier run started goes on. */
  onAdopted(name: string): void;
  /** A job is over; `seconds` as the Hub tells. */
  onOver(name: string, seconds: number | undefined): void;
}

/** The last words of a job are waited for so long. */
const logTimeoutMs = 10_000;

/** The jobs of this output folder that the Hub has, by name, and their logs. */
export class TrackedJobs {
  readonly #options: TrackingOptions;
  readonly #jobs = new Map<string, Tracked>();
  /** What the run has told of jobs: those of an earlier run have nothing but a name. */
  readonly #known = new Map<string, Job>();
  /** Names that a whole listing did not have. */
  readonly #absent = new Set<string>();

  constructor(options: TrackingOptions) {
    this.#options = options;
  }

  register(jobs: readonly Job[]): void {
    for (const job of jobs) this.#known.set(job.name, job);
  }

  /** Names of the jobs that the Hub runs, or will run, for us. */
  get open(): string[] {
    return [...this.#jobs].flatMap(([name, { end }]) => (end === undefined ? [name] : []));
  }

  add(job: Job, hub: HubJob): void {
    this.#jobs.set(job.name, { hub, end: undefined, endSeen: 0, log: undefined });
  }

  /** Whether a job was looked for, be it in vain. */
  isKnown(name: string): boolean {
    return this.#jobs.has(name) || this.#absent.has(name);
  }

  /** A job that is over is to be started again. */
  forget(name: string): void {
    this.#jobs.delete(name);
    this.#absent.add(name);
  }

  state(name: string): JobState | undefined {
    const tracked = this.#jobs.get(name);
    if (tracked === undefined) return undefined;
    return tracked.end ?? { state: tracked.hub.stage === "waiting" ? "waiting" : "running" };
  }

  /** Whether the Hub ran a job that ended within the last `ms` milliseconds. */
  endedWithin(name: string, ms: number): boolean {
    const tracked = this.#jobs.get(name);
    return tracked?.end !== undefined && performance.now() - tracked.endSeen < ms;
  }

  /** The Hub's id of a job that is not over. */
  openId(name: string): string | undefined {
    const tracked = this.#jobs.get(name);
    return tracked?.end === undefined ? tracked?.hub.id : undefined;
  }

  cancelled(name: string): void {
    const tracked = this.#jobs.get(name);
    if (tracked !== undefined) this.#finish(name, tracked, { state: "cancelled", why: "was cancelled" });
  }

  /**
   * Asks the Hub what became of the jobs it runs for us, and whether it runs some of these names that an earlier run
   * started; of those `held` back here, whether another run has started them since. Errors: QS-HUB-*; what was learned
   * before is kept.
   */
  async poll(names: readonly string[], held: readonly string[]): Promise<void> {
    const { connection, options, signal } = this.#options;
    const sought = names.filter((name) => !this.#jobs.has(name) && !this.#absent.has(name));
    const open = this.open;
    if (sought.length === 0 && open.length === 0 && held.length === 0) return;
    const ids = new Set(open.map((name) => this.openId(name)));
    const seenAll = (jobs: readonly HubJob[]) =>
      sought.length === 0 && jobs.filter(({ id }) => ids.has(id)).length === ids.size;
    const listed = await listJobs(connection, options.namespace, signal, seenAll);
    // Jobs come newest first, so that those just started are seen also where not all are listed.
    for (const name of [...sought, ...held]) this.#adopt(name, listed);
    for (const name of this.open) await this.#update(name, listed);
  }

  /** Takes over what an earlier run started and what is not over. What is over has told its result to the store. */
  #adopt(name: string, listed: readonly HubJob[]): void {
    const store = storeLabel(this.#options.options);
    const hub = listed.find(
      ({ labels, stage }) =>
        labels[jobLabels.name] === name &&
        labels[jobLabels.store] === store &&
        (stage === "waiting" || stage === "running"),
    );
    if (hub === undefined) {
      this.#absent.add(name);
      return;
    }
    this.#jobs.set(name, { hub, end: undefined, endSeen: 0, log: undefined });
    this.#options.onAdopted(name);
  }

  async #update(name: string, listed: readonly HubJob[]): Promise<void> {
    const { connection, options, signal, note } = this.#options;
    const tracked = this.#jobs.get(name);
    if (tracked === undefined) return;
    const place = { namespace: options.namespace, jobId: tracked.hub.id };
    const hub = listed.find(({ id }) => id === tracked.hub.id) ?? (await getJob(connection, place, signal));
    if (hub === undefined) {
      this.#finish(name, tracked, { state: "lost", why: "the Hub knows it no longer" });
      return;
    }
    tracked.hub = hub;
    if (hub.stage === "waiting") return;
    tracked.log ??= new JobLog(connection, place, signal, (line) => note(line, this.#stepOf(name)));
    if (hub.stage === "running") return;
    await tracked.log.finish(logTimeoutMs);
    const page = `${connection.endpoint}/jobs/${options.namespace}/${hub.id}`;
    const what = { step: this.#stepOf(name), limitSeconds: options.timeoutSeconds, page };
    this.#finish(name, tracked, jobState(hub, { ...what, output: tracked.log.tail }));
  }

  #stepOf(name: string): string {
    return this.#known.get(name)?.step ?? name;
  }

  #finish(name: string, tracked: Tracked, end: JobState): void {
    tracked.log?.stop();
    tracked.end = end;
    tracked.endSeen = performance.now();
    this.#options.onOver(name, tracked.hub.seconds);
  }
}
