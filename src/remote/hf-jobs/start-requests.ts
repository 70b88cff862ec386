import { randomBytes } from "node:crypto";
import type { HubJob } from "./api/job-info.js";
import type { CostLimit } from "./cost-limit.js";
import { jobLabels } from "./job-request.js";

interface StartRequest {
  /** Name of the job. */
  name: string;
  /** When it was sent, or its answer was lost, in milliseconds of this process. */
  at: number;
  /** Whether its answer was lost: then it may have started a job. */
  lost: boolean;
}

/** What is known about jobs beside the Hub's list. */
export interface KnownJobs {
  /** Whether a job's start is not over: it looks for its own job. */
  isHeld(name: string): boolean;
  /** Returns the Hub's id of the job that stands for a name. */
  idOf(name: string): string | undefined;
}

/**
 * The requests of this run to start jobs. Each has its own label, by which its job is found, and counts towards the cost
 * limit until its job is over, or until it is known to have started none.
 */
export class StartRequests {
  cost: CostLimit | undefined;
  readonly #requests = new Map<string, StartRequest>();
  readonly #listMs: number;

  /** `listMs`: how long the Hub's list may not show a started job, in milliseconds. */
  constructor(listMs: number) {
    this.#listMs = listMs;
  }

  /** Records a request for a job of at most so many seconds and returns its label. Errors: QS-JOBS-COST. */
  send(name: string, seconds: number): string {
    if (this.cost === undefined) throw new Error("jobs were submitted before they were prepared");
    const label = randomBytes(8).toString("hex");
    this.cost.reserve(label, seconds, { name, lost: this.#lost.length });
    this.#requests.set(label, { name, at: performance.now(), lost: false });
    return label;
  }

  /** Records that a request started no job. */
  startedNone(label: string): void {
    this.cost?.release(label);
    this.#requests.delete(label);
  }

  /** Records that the answer of a request was lost. */
  lost(label: string): void {
    const request = this.#requests.get(label);
    if (request !== undefined) Object.assign(request, { at: performance.now(), lost: true });
  }

  /** Returns the labels of a job's requests whose answer was lost and whose jobs were not found. */
  lostOf(name: string): string[] {
    return this.#lost.flatMap(([label, request]) => (request.name === name ? [label] : []));
  }

  get anyLost(): boolean {
    return this.#lost.length > 0;
  }

  /** Whether a lost request for this job may have started one that the Hub's list does not show yet. */
  mayAppear(name: string): boolean {
    return this.#lost.some(([, request]) => request.name === name && performance.now() - request.at < this.#listMs);
  }

  /** Returns the job of a lost request, which is no longer lost; rather one that is not over. */
  find(name: string, listed: readonly HubJob[]): { hub: HubJob; label: string } | undefined {
    const lost = new Set(this.lostOf(name));
    const jobs = listed.filter((job) => lost.has(labelOf(job) ?? ""));
    const hub = jobs.find(isOpen) ?? jobs[0];
    const request = this.#requests.get((hub && labelOf(hub)) ?? "");
    if (hub === undefined || request === undefined) return undefined;
    request.lost = false;
    return { hub, label: labelOf(hub) ?? "" };
  }

  /**
   * Settles lost requests by a complete listing of the time `askedAt`, and returns their jobs that run beside the one that
   * stands for their name. Absence from the list proves nothing as long as the list may be late: a request started no job
   * if the list shows the job of a later one.
   */
  settle(listed: readonly HubJob[], askedAt: number, { isHeld, idOf }: KnownJobs): HubJob[] {
    const jobs = new Map(listed.map((job) => [labelOf(job), job]));
    const shown = Math.max(...[...this.#requests].map(([label, { at }]) => (jobs.has(label) ? at : 0)));
    return this.#lost.flatMap(([label, request]) => {
      const job = jobs.get(label);
      if (job === undefined) {
        if (request.at < shown && askedAt - request.at >= this.#listMs) this.startedNone(label);
        return [];
      }
      if (idOf(request.name) === job.id) request.lost = false;
      else if (!isHeld(request.name)) {
        if (isOpen(job)) return [job];
        this.cost?.settle(label, job.seconds);
        this.#requests.delete(label);
      }
      return [];
    });
  }

  get #lost(): [label: string, request: StartRequest][] {
    return [...this.#requests].filter(([, { lost }]) => lost);
  }
}

/** Returns the label of the request that started a job. */
export function labelOf({ labels }: HubJob): string | undefined {
  return labels[jobLabels.attempt];
}

/** Whether a job waits or runs. */
export function isOpen({ stage }: HubJob): boolean {
  return stage === "waiting" || stage === "running";
}
