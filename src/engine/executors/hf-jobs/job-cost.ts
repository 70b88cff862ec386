import { QuantsmithError } from "../../../util/errors.js";

/** US dollars for people, never less than it is: `$48.00`, below a cent `<$0.01`. */
export function formatUsd(usd: number): string {
  if (usd > 0 && usd < 0.01) return "<$0.01";
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
