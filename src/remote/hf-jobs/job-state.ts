import { QuantsmithError } from "../../util/errors.js";
import { redact } from "../../util/redact.js";
import type { JobState } from "../executor.js";
import type { HubJob } from "./api/job-info.js";

/** Facts about a job beside the Hub's state. */
export interface JobFacts {
  /** The step's id. */
  step: string;
  limitSeconds: number;
  /** Its page on the Hub. */
  page: string;
  /** The last lines of its log. */
  output: string;
}

/** Converts the Hub's state of a job to a job state of the run. */
export function jobState(hub: HubJob, facts: JobFacts): JobState {
  const why = hub.message === undefined ? undefined : redact(hub.message);
  switch (hub.stage) {
    case "waiting":
      return { state: "waiting", why: "waiting for a machine" };
    case "running":
      return { state: "running" };
    case "completed":
      return { state: "done" };
    case "canceled":
      return { state: "cancelled", why: why ?? "was cancelled" };
    case "deleted":
      return { state: "lost", why: "was deleted" };
    case "error": {
      if (isLost(hub)) return { state: "lost", why: why ?? "ended without a message" };
      const error = isTimeout(hub, facts) ? timeout(facts) : failure(facts, why ?? "no reason given");
      return { state: "failed", why: error.message, error };
    }
  }
}

/** Whether the machine was lost or ran out of memory (137 is SIGKILL): another attempt may succeed. */
function isLost({ message }: HubJob): boolean {
  return message === undefined || message === "" || /evicted|preempt|node (was )?lost|exit code: 137/i.test(message);
}

function isTimeout({ message, seconds }: HubJob, { limitSeconds }: JobFacts): boolean {
  return /time.?out|timed out/i.test(message ?? "") || (seconds !== undefined && seconds >= limitSeconds);
}

function timeout({ step, limitSeconds, page, output }: JobFacts): QuantsmithError {
  const limit = limitSeconds >= 7200 ? `${(limitSeconds / 3600).toFixed(1)} h` : `${Math.round(limitSeconds / 60)} min`;
  return new QuantsmithError("QS-JOBS-TIMEOUT", `the job of ${step} was stopped after ${limit}: ${page}`, {
    remedy: "Raise `executors.hfJobs.timeout` or choose a larger `flavor`. Finished work is kept.",
    ...(output === "" ? {} : { output }),
  });
}

function failure({ step, page, output }: JobFacts, why: string): QuantsmithError {
  return new QuantsmithError("QS-JOBS-FAILED", `the job of ${step} failed (${why}): ${page}`, {
    remedy: /pull/i.test(why)
      ? "Check `executors.hfJobs.image`: it must be public, or readable for the namespace."
      : "Read the full log on the job's page. The image must contain this version of quantsmith.",
    ...(output === "" ? {} : { output }),
  });
}
