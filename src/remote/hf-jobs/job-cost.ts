import { QuantsmithError } from "../../util/errors.js";

/** US dollars for people, rounded up to the cent: `$48.00`. */
export function formatUsd(usd: number): string {
  return `$${(Math.ceil(usd * 100 - 1e-6) / 100).toFixed(2)}`;
}

/** What a job of so many seconds costs at most, in USD: the Hub bills every started minute. */
export function jobUsd(seconds: number, usdPerMinute: number): number {
  return Math.ceil(seconds / 60) * usdPerMinute;
}

/** The refusal of what could cost more than the user wants. */
export function tooExpensive(what: string, maxUsd: number): QuantsmithError {
  return new QuantsmithError("QS-JOBS-COST", `${what}, more than --max-cost ${maxUsd} allows`, {
    remedy: "Raise --max-cost, or lower `executors.hfJobs.timeout` or `flavor` in the pipeline.",
  });
}
