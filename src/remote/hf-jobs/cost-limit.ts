import { count } from "../../util/count.js";
import { formatUsd, jobUsd, tooExpensive } from "./job-cost.js";

/**
 * Limits the cost of a run's jobs to `--max-cost`. Every request that may start a job counts with its worst case, and with
 * the job's duration once the Hub reports it; a job that is started again counts twice. Keys identify the requests.
 */
export class CostLimit {
  readonly #maxUsd: number;
  readonly #usdPerMinute: number;
  readonly #reserved = new Map<string, number>();
  #spent = 0;

  constructor(maxUsd: number, usdPerMinute: number) {
    this.#maxUsd = maxUsd;
    this.#usdPerMinute = usdPerMinute;
  }

  /** Cost so far, plus the worst case of the running jobs. */
  get atMostUsd(): number {
    return [...this.#reserved.values()].reduce((sum, usd) => sum + usd, this.#spent);
  }

  /**
   * Reserves the worst case of one more request to start a job of this name; `lost` is the number of earlier ones without
   * an answer, for the message. Errors: QS-JOBS-COST when that exceeds the limit.
   */
  reserve(key: string, seconds: number, { name, lost }: { name: string; lost: number }): void {
    const usd = jobUsd(seconds, this.#usdPerMinute);
    const total = this.atMostUsd + usd;
    const unknown = lost === 0 ? "" : ` and ${count(lost, "job")} that may have started without an answer`;
    if (total > this.#maxUsd)
      throw tooExpensive(`including ${name}${unknown}, the jobs could cost ${formatUsd(total)}`, this.#maxUsd);
    this.#reserved.set(key, usd);
  }

  /** Reserves the worst case of a job that is already running, regardless of the limit. */
  adopt(key: string, seconds: number): void {
    this.#reserved.set(key, jobUsd(seconds, this.#usdPerMinute));
  }

  /**
   * Records that a job ended after so many seconds; undefined if the Hub does not report them, or if it never started.
   */
  settle(key: string, seconds: number | undefined): void {
    const reserved = this.#reserved.get(key) ?? 0;
    this.#reserved.delete(key);
    // The Hub bills from the startup on, which precedes its reported start.
    this.#spent += seconds === undefined ? reserved : Math.min(reserved, jobUsd(seconds + 60, this.#usdPerMinute));
  }

  /** Releases the reservation of a request that started no job. */
  release(key: string): void {
    this.#reserved.delete(key);
  }
}
