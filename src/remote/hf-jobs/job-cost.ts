import { QuantsmithError } from "../../util/errors.js";

/** Formats US dollars, rounded up to the cent: `$48.00`. */
export function formatUsd(usd: number): string {
  return `$${(Math.ceil(usd * 100 - 1e-6) / 100).toFixed(2)}`;
}

/** Returns the maximum cost in USD of a job of so many seconds: the Hub bills every started minute. */
export function jobUsd(seconds: number, usdPerMinute: number): number {
  return Math.ceil(seconds / 60) * usdPerMinute;
}

/** Returns the error for jobs that could exceed the cost limit. */
export function tooExpensive(what: string, maxUsd: number): QuantsmithError {
  return new QuantsmithError("QS-JOBS-COST", `${what}, more than --max-cost ${maxUsd} allows`, {
    remedy:
      "Raise `--max-cost`, lower `executors.hfJobs.timeout` in the recipe or pipeline, or choose a cheaper `flavor`.",
  });
}
