import { randomBytes } from "node:crypto";
import type { HubConnection } from "../../hub/connection.js";
import { retry } from "../../hub/retry-policy.js";
import type { Job } from "../executor.js";
import { createJob } from "./api/create-job.js";
import type { HubJob } from "./api/job-info.js";
import { listJobs } from "./api/list-jobs.js";
import { jobLabels, jobRequest } from "./job-request.js";
import type { JobsOptions } from "./jobs-options.js";

/** The start of one job, which happens once even if requests to the Hub are repeated. */
export class JobStart {
  readonly job: Job;
  /** Label of this start's requests. */
  readonly #attempt = randomBytes(8).toString("hex");
  /** Whether a request was sent whose outcome is unknown. */
  #uncertain = false;

  constructor(job: Job) {
    this.job = job;
  }

  /** Returns the job of a request with unknown outcome; undefined without one. Errors: QS-HUB-*. */
  async find(connection: HubConnection, options: JobsOptions, signal: AbortSignal): Promise<HubJob | undefined> {
    if (!this.#uncertain) return undefined;
    const isOurs = ({ labels }: HubJob) => labels[jobLabels.attempt] === this.#attempt;
    return (await listJobs(connection, options.namespace, signal, (seen) => seen.some(isOurs))).find(isOurs);
  }

  /**
   * Starts the job exactly once, since every job costs money: if a request may have succeeded, its job is searched by
   * label before the next request. May be called again after a failure. Errors: QS-JOBS-REFUSED; QS-HUB-*.
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
      // An abort of the run ends the waiting, but not the request: its job would start without a known id to cancel it
      // by.
      return createJob(connection, request, new AbortController().signal);
    });
  }
}
