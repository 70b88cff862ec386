import { QuantsmithError } from "../../util/errors.js";
import { escapeControls } from "../../util/message-text.js";
import { redact } from "../../util/redact.js";
import type { JobState } from "../executor.js";
import type { HubJob } from "./api/job-info.js";

/** What there is to say about a job besides the Hub's word on it. */
export interface JobFacts {
  /** The step's id. */
  step: string;
  limitSeconds: number;
  /** Its page on the Hub. */
  page: string;
  /** The last lines of its log. */
  output: string;
}

/** What the Hub's word on a job means for the run. */
export function jobState(hub: HubJob, facts: JobFacts): JobState {
  const why = hub.message === undefined ? undefined : escapeControls(redact(hub.message));
  switch (hub.stage) {
    case "waiting":
      return { state: "waiting", why: "waits for a machine" };
    case "running":
      return { state: "running" };
    case "completed":
      return { state: "done" };
    case "canceled":
      return { state: "cancelled", why: why ?? "was cancelled" };
    case "deleted":
      return { state: "lost", why: "was deleted" };
    case "error": {
      if (isLost(hub)) return { state: "lost", why: why ?? "ended without a word" };
      const error = isTimeout(hub, facts) ? timeout(facts) : failure(facts, why ?? "the Hub does not say why");
      return { state: "failed", why: error.message, error };
    }
  }
}

/** A machine that went away, or memory that ran out (137 is SIGKILL): another attempt may do better. */
function isLost({ message }: HubJob): boolean {
  return message === undefined || message === "" || /evicted|preempt|node (was )?lost|exit code: 137/i.test(message);
}

function isTimeout({ message, seconds }: HubJob, { limitSeconds }: JobFacts): boolean {
  return /time.?out|timed out/i.test(message ?? "") || (seconds !== undefined && seconds >= limitSeconds);
}

function timeout({ step, limitSeconds, page, output }: JobFacts): QuantsmithError {
  const limit = limitSeconds >= 7200 ? `${(limitSeconds / 3600).toFixed(1)} h` : `${Math.round(limitSeconds / 60)} min`;
  return new QuantsmithError("QS-JOBS-TIMEOUT", `the job of ${step} was stopped after ${limit}: ${page}`, {
    remedy: "Raise `executors.hfJobs.timeout`, or choose a larger `flavor`; what was finished is kept.",
    ...(output === "" ? {} : { output }),
  });
}

function failure({ step, page, output }: JobFacts, why: string): QuantsmithError {
  return new QuantsmithError("QS-JOBS-FAILED", `the job of ${step} failed (${why}): ${page}`, {
    remedy: /pull/i.test(why)
      ? "Check `executors.hfJobs.image`: it must be public, or one that the namespace may read."
      : "The job's page has its whole log. The image must hold this version of quantsmith.",
    ...(output === "" ? {} : { output }),
  });
}
