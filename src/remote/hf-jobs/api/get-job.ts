import { getJob as callGetJob } from "@huggingface/hub";
import type { HubConnection } from "../../../hub/connection.js";
import { rethrowLibraryError } from "../../../hub/hub-error.js";
import { QuantsmithError } from "../../../util/errors.js";
import { type HubJob, parseJob } from "./job-info.js";
import { jobsAccess } from "./jobs-fetch.js";

/** Returns one job; undefined when the Hub does not list it. Errors: QS-HUB-*. */
export async function getJob(
  connection: HubConnection,
  job: { namespace: string; jobId: string },
  signal: AbortSignal,
): Promise<HubJob | undefined> {
  const subject = { doing: `reading the job ${job.jobId}`, repo: job.namespace };
  const access = jobsAccess(connection, subject, signal);
  try {
    const answer = await callGetJob({ ...job, ...access }).catch((error: unknown) =>
      rethrowLibraryError(error, subject),
    );
    return parseJob(answer, subject);
  } catch (error) {
    if (error instanceof QuantsmithError && error.code === "QS-HUB-MISSING") return undefined;
    throw error;
  }
}
