import { runJob as callRunJob } from "@huggingface/hub";
import type { HubConnection } from "../../../hub/connection.js";
import { rethrowLibraryError } from "../../../hub/hub-error.js";
import { type HubJob, parseJob } from "./job-info.js";
import { jobsAccess } from "./jobs-fetch.js";

/** A request to start a job. */
export interface JobRequest {
  namespace: string;
  dockerImage: string;
  flavor: string;
  command: string[];
  timeoutSeconds: number;
  /** Visible to everybody who can see the job. */
  labels: Record<string, string>;
  /** A bucket, `buckets/<namespace>/<name>`, and its mount path in the job; with `path`, a folder of the bucket. */
  volume: { source: string; mountPath: string; path?: string };
}

/**
 * Starts a job with a single request. After a TemporaryFailure it is unknown whether the job was started: search for
 * its labels before another attempt. Sends no secrets and no environment, which no step needs.
 * Errors: QS-JOBS-REFUSED; QS-HUB-*.
 */
export async function createJob(connection: HubConnection, request: JobRequest, signal: AbortSignal): Promise<HubJob> {
  const { volume, flavor, ...rest } = request;
  const subject = { doing: "starting a job", repo: request.namespace, writes: true };
  const answer = await callRunJob({
    ...rest,
    // The library's list of flavors is older than the Hub's own, which was checked.
    flavor: flavor as Parameters<typeof callRunJob>[0]["flavor"],
    attempts: 1,
    volumes: [{ ...volume, readOnly: false }],
    ...jobsAccess(connection, subject, signal),
  }).catch((error: unknown) => rethrowLibraryError(error, subject));
  return parseJob(answer, subject);
}
