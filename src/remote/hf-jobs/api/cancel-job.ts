import { cancelJob as callCancelJob } from "@huggingface/hub";
import type { HubConnection } from "../../../hub/connection.js";
import { retry } from "../../../hub/retry-policy.js";
import { JobsRefusal, jobsAccess } from "./jobs-fetch.js";

/** Refusals for lack of permission or credit; any other refusal means that there is nothing to cancel. */
const forbidden = [401, 402, 403];

/** Cancels a job; ignores a job that is over or deleted. Errors: QS-HUB-*. */
export async function cancelJob(
  connection: HubConnection,
  job: { namespace: string; jobId: string },
  signal: AbortSignal,
): Promise<void> {
  const subject = { doing: `cancelling the job ${job.jobId}`, repo: job.namespace, writes: true };
  const access = jobsAccess(connection, subject, signal);
  try {
    await retry(connection.limits, signal, () => callCancelJob({ ...job, ...access }));
  } catch (error) {
    const isOver = error instanceof JobsRefusal && !forbidden.includes(error.status);
    if (!isOver) throw error;
  }
}
