import { QuantsmithError } from "../util/errors.js";
import type { JobState } from "./executor.js";

/** A job that was lost is submitted at most so often altogether. */
export const maxAttempts = 3;

/** How a step's job came to its end without a result. */
export interface EndedJob {
  step: string;
  /** The queue's word; undefined when it does not know the job any more. */
  state: JobState | undefined;
  attempts: number;
  /** Its worker looked before what it reads was there. */
  startedEarly: boolean;
  /** A job before it was lost or failed, and the queue may have taken it away for that. */
  afterFailedJob: boolean;
  /** It was another run's, which may have taken it back when it was interrupted. */
  adopted: boolean;
}

/**
 * Lets a job that was lost be submitted again, and throws for one that ended for a reason of its own: what the queue says, or
 * QS-WORKER-FAILED, QS-WORKER-CANCELLED, QS-WORKER-LOST.
 */
export function requireRetry({ step, state, attempts, startedEarly, afterFailedJob, adopted }: EndedJob): void {
  const why = state?.why === undefined ? "" : `: ${state.why}`;
  if (state?.state === "failed" && !startedEarly) {
    if (state.error !== undefined) throw state.error;
    throw new QuantsmithError("QS-WORKER-FAILED", `the job of ${step} failed and left no reason${why}`, {
      remedy: "Look at its log in the queue, and at its limits of time and memory in `executors`.",
    });
  }
  if (state?.state === "cancelled" && !afterFailedJob && !adopted) {
    throw new QuantsmithError("QS-WORKER-CANCELLED", `the job of ${step} was cancelled in the queue${why}`, {
      remedy: "Run the same command again to have it done after all.",
    });
  }
  if (attempts >= maxAttempts) {
    throw new QuantsmithError("QS-WORKER-LOST", `the job of ${step} was lost ${attempts} times${why}`, {
      remedy: "Look at the queue and its machines, then run the same command again.",
    });
  }
}
