import { cancelJob as callCancelJob } from "@huggingface/hub";
import type { HubConnection } from "../../../hub/connection.js";
import { retrying } from "../../../hub/patience.js";
import { QuantsmithError } from "../../../util/errors.js";
import { jobsAccess } from "./jobs-fetch.js";

/** Cancels a job; one that is over or gone is left as it is. Errors: QS-HUB-*. */
export async function cancelJob(
  connection: HubConnection,
  job: { namespace: string; jobId: string },
  signal: AbortSignal,
): Promise<void> {
  const subject = { doing: `cancelling the job ${job.jobId}`, repo: job.namespace, writes: true };
  const access = jobsAccess(connection, subject, signal);
  try {
    await retrying(connection.limits, signal, () => callCancelJob({ ...job, ...access }));
  } catch (error) {
    if (
      error instanceof QuantsmithError &&
      error.code === "QS-JOBS-REFUSED" &&
      !/\((401|402|403)\)/.test(error.message)
    )
      return;
    throw error;
  }
}
