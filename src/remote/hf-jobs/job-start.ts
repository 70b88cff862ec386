import { randomBytes } from "node:crypto";
import type { HubConnection } from "../../hub/connection.js";
import { retry } from "../../hub/retry-policy.js";
import type { Job } from "../executor.js";
import { createJob } from "./api/create-job.js";
import type { HubJob } from "./api/job-info.js";
import { listJobs } from "./api/list-jobs.js";
import { jobLabels, jobRequest } from "./job-request.js";
import type { JobsOptions } from "./jobs-options.js";

/** A job that is to be started once, however often the Hub has to be asked. */
export class JobStart {
  readonly job: Job;
  /** Marks what this start has asked for. */
  readonly #attempt = randomBytes(8).toString("hex");
  /** Whether a request was sent that nobody knows the outcome of. */
  #uncertain = false;

  constructor(job: Job) {
    this.job = job;
  }

  /** The job of a request that nobody knows the outcome of; undefined where there is none. Errors: QS-HUB-*. */
  async find(connection: HubConnection, options: JobsOptions, signal: AbortSignal): Promise<HubJob | undefined> {
    if (!this.#uncertain) return undefined;
    const isOurs = ({ labels }: HubJob) => labels[jobLabels.attempt] === this.#attempt;
    return (await listJobs(connection, options.namespace, signal, (seen) => seen.some(isOurs))).find(isOurs);
  }

  /**
   * Starts the job exactly once: where a request may have been carried out, its job is looked for by label before
   * another, since every job costs money. May be called again after it failed. Errors: QS-JOBS-REFUSED; QS-HUB-*.
   */
  async start(
    connection: HubConnection,
    options: JobsOptions,
    cpus: number | undefined,
    signal: AbortSignal,
  ): Promise<HubJob> {
    const request = jobRequest(this.job, options, { attempt: this.#attempt, cpus });
    return retry(connection.limits, signal, async () => {
      const started = await this.find(connection, options, signal);
      if (started !== undefined) return started;
      await connection.rateLimiter.waitUntilReady(signal);
      this.#uncertain = true;
      // Waiting ends with the run, a request does not: its job would start, and nobody would know the id to cancel it by.
      return createJob(connection, request, new AbortController().signal);
    });
  }
}
