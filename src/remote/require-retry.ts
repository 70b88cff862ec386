import { QuantsmithError } from "../util/errors.js";
import type { JobState } from "./executor.js";

/** Maximum number of submissions of a job. */
export const maxAttempts = 3;

/** How a step's job ended without a result. */
export interface EndedJob {
  step: string;
  /** The queue's state; undefined for a job that is no longer in it. */
  state: JobState | undefined;
  attempts: number;
  /** Its worker started before its input was visible. */
  startedEarly: boolean;
  /** An earlier job was lost or failed, and the queue may have cancelled this one for it. */
  afterFailedJob: boolean;
  /** The job was another run's, which may have cancelled it when interrupted. */
  adopted: boolean;
}

/**
 * Returns if a lost job may be submitted again; throws if the job ended for another reason.
 * Errors: the queue's error, QS-WORKER-FAILED, QS-WORKER-CANCELLED, QS-WORKER-LOST.
 */
export function requireRetry({ step, state, attempts, startedEarly, afterFailedJob, adopted }: EndedJob): void {
  const why = state?.why === undefined ? "" : `: ${state.why}`;
  if (state?.state === "failed" && !startedEarly) {
    if (state.error !== undefined) throw state.error;
    throw new QuantsmithError("QS-WORKER-FAILED", `the job of ${step} failed without an error report${why}`, {
      remedy: "Read its log in the queue, and check its time and memory limits in `executors`.",
    });
  }
  if (state?.state === "cancelled" && !afterFailedJob && !adopted) {
    throw new QuantsmithError("QS-WORKER-CANCELLED", `the job of ${step} was cancelled in the queue${why}`, {
      remedy: "Run the same command again to build the step.",
    });
  }
  if (attempts >= maxAttempts) {
    throw new QuantsmithError("QS-WORKER-LOST", `the job of ${step} was lost ${attempts} times${why}`, {
      remedy: "Check the queue and its machines, then run the same command again.",
    });
  }
}
