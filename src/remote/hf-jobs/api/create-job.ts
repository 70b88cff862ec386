import { runJob as callRunJob } from "@huggingface/hub";
import type { HubConnection } from "../../../hub/connection.js";
import { type HubJob, parseJob } from "./job-info.js";
import { jobsAccess, unreadable } from "./jobs-fetch.js";

/** What the Hub is asked to run. */
export interface JobRequest {
  namespace: string;
  dockerImage: string;
  flavor: string;
  command: string[];
  timeoutSeconds: number;
  /** Seen by everybody who may see the job. */
  labels: Record<string, string>;
  /** A bucket, `buckets/<namespace>/<name>`, and where the job finds it; a folder in it with `path`. */
  volume: { source: string; mountPath: string; path?: string };
}

/**
 * Starts a job, once. A TemporaryFailure leaves open whether it was started: look for its labels before another attempt.
 * No secrets and no environment are sent: no step needs any.
 * Errors: QS-JOBS-REFUSED; QS-HUB-*.
 */
export async function createJob(connection: HubConnection, request: JobRequest, signal: AbortSignal): Promise<HubJob> {
  const { volume, flavor, ...rest } = request;
  const subject = { doing: "starting a job", repo: request.namespace, writes: true };
  const answer = await callRunJob({
    ...rest,
    // The library's list of flavors is older than the Hub's own, which was asked.
    flavor: flavor as Parameters<typeof callRunJob>[0]["flavor"],
    attempts: 1,
    volumes: [{ ...volume, readOnly: false }],
    ...jobsAccess(connection, subject, signal),
  }).catch((error: unknown) => unreadable(error, subject));
  return parseJob(answer, subject);
}
