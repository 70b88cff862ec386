import type { HubConnection } from "../../hub/connection.js";
import { TemporaryFailure } from "../../hub/hub-error.js";
import { retry } from "../../hub/retry-policy.js";
import { QuantsmithError } from "../../util/errors.js";
import type { Job } from "../executor.js";
import { createJob } from "./api/create-job.js";
import type { HubJob } from "./api/job-info.js";
import { listJobs } from "./api/list-jobs.js";
import { jobRequest } from "./job-request.js";
import type { JobsOptions } from "./jobs-options.js";
import { labelOf, type StartRequests } from "./start-requests.js";

export interface StartDeps {
  connection: HubConnection;
  options: JobsOptions;
  /** Cores of the flavor. */
  cpus: number | undefined;
  requests: StartRequests;
  signal: AbortSignal;
  note(text: string, step?: string): void;
}

/** Requests for one job whose answer may be lost; a further one fails. */
const maxLost = 4;

/**
 * Starts a job and returns it with the label of its request. Every job costs money: if a request may have succeeded, its
 * job is searched by label before the next request, as long as the Hub's list may be late. Returns undefined meanwhile;
 * may be called again then, and after a failure. Errors: QS-JOBS-COST, QS-JOBS-REFUSED, QS-JOBS-START; QS-HUB-*.
 */
export function startJob(job: Job, deps: StartDeps): Promise<{ hub: HubJob; label: string } | undefined> {
  const { connection, options, cpus, requests, signal, note } = deps;
  return retry(connection.limits, signal, async () => {
    const lost = new Set(requests.lostOf(job.name));
    if (lost.size > 0) {
      const isOurs = (hub: HubJob) => lost.has(labelOf(hub) ?? "");
      const listed = await listJobs(connection, options.namespace, signal, (seen) => seen.some(isOurs));
      const found = requests.find(job.name, listed);
      if (found !== undefined) return found;
      if (requests.mayAppear(job.name)) return undefined;
    }
    if (lost.size >= maxLost) throw lostTooOften(job, deps);
    await connection.rateLimiter.waitUntilReady(signal);
    const label = requests.send(job.name, options.timeoutSeconds);
    try {
      // An abort of the run ends the waiting, but not the request: its job would start without a known id to cancel it
      // by.
      const request = jobRequest(job, options, { attempt: label, cpus });
      return { hub: await createJob(connection, request, new AbortController().signal), label };
    } catch (error) {
      if (startedNone(error)) requests.startedNone(label);
      else {
        requests.lost(label);
        note(
          `a request to start its job has no valid answer; looking for the job: ${(error as Error).message}`,
          job.step,
        );
      }
      throw error;
    }
  });
}

/** Codes of a request that the Hub did not execute, and of one that was not sent. */
const notExecuted = new Set(["QS-JOBS-REFUSED", "QS-HUB-RATE-LIMIT", "QS-HUB-PROXY", "QS-HUB-CERTIFICATE"]);

/** Whether a failed request certainly started no job. */
function startedNone(failure: unknown): boolean {
  const error = failure instanceof TemporaryFailure ? failure.error : failure;
  if (!(error instanceof QuantsmithError)) return false;
  const causes = error.cause instanceof AggregateError ? error.cause.errors : [error.cause];
  const neverConnected = causes.every((cause) => ["connect", "getaddrinfo"].includes(cause?.syscall));
  return notExecuted.has(error.code) || neverConnected;
}

function lostTooOften({ step }: Job, { connection, options }: StartDeps): QuantsmithError {
  const page = `${connection.endpoint}/jobs/${options.namespace}`;
  return new QuantsmithError(
    "QS-JOBS-START",
    `${maxLost} requests to start the job of ${step} had no valid answer, and the Hub lists no job of them`,
    { remedy: `Cancel jobs that run nevertheless at ${page}, then run again later.` },
  );
}
