import { formatUsd, jobUsd, tooExpensive } from "./job-cost.js";

/**
 * Limits the cost of a run's jobs to `--max-cost`. A job counts with its worst case when it is submitted, and with its
 * duration once the Hub reports it; a job that is started again counts twice.
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
   * Reserves the worst case of one more job; once, even if its start is repeated after an outage.
   * Errors: QS-JOBS-COST when that exceeds the limit.
   */
  reserve(name: string, seconds: number): void {
    if (this.#reserved.has(name)) return;
    const usd = jobUsd(seconds, this.#usdPerMinute);
    const total = this.atMostUsd + usd;
    if (total > this.#maxUsd)
      throw tooExpensive(`including ${name}, the jobs could cost ${formatUsd(total)}`, this.#maxUsd);
    this.#reserved.set(name, usd);
  }

  /** Reserves the worst case of a job that is already running, regardless of the limit. */
  adopt(name: string, seconds: number): void {
    this.#reserved.set(name, jobUsd(seconds, this.#usdPerMinute));
  }

  /**
   * Records that a job ended after so many seconds; undefined if the Hub does not report them, or if it never started.
   */
  settle(name: string, seconds: number | undefined): void {
    const reserved = this.#reserved.get(name) ?? 0;
    this.#reserved.delete(name);
    // The Hub bills from the startup on, which precedes its reported start.
    this.#spent += seconds === undefined ? reserved : Math.min(reserved, jobUsd(seconds + 60, this.#usdPerMinute));
  }

  /** Releases the reservation of a job that was never started. */
  release(name: string): void {
    this.#reserved.delete(name);
  }
}
