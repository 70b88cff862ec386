import { formatUsd, jobUsd, tooExpensive } from "./job-cost.js";

/**
 * Holds what jobs of a run may cost to `--max-cost`. A job counts with its worst case from the moment it is asked for,
 * and with what it took once the Hub has told; a job that is started again counts twice.
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

  /** What has been spent, and what may still be by jobs that run. */
  get atMostUsd(): number {
    return [...this.#reserved.values()].reduce((sum, usd) => sum + usd, this.#spent);
  }

  /**
   * Sets the worst case of one more job aside; once, also when its start is tried again after an outage.
   * Errors: QS-JOBS-COST when that is more than may be spent.
   */
  reserve(name: string, seconds: number): void {
    if (this.#reserved.has(name)) return;
    const usd = jobUsd(seconds, this.#usdPerMinute);
    const total = this.atMostUsd + usd;
    if (total > this.#maxUsd) throw tooExpensive(`with ${name} jobs could cost ${formatUsd(total)}`, this.#maxUsd);
    this.#reserved.set(name, usd);
  }

  /** The same for a job that runs already, which no limit can undo. */
  adopt(name: string, seconds: number): void {
    this.#reserved.set(name, jobUsd(seconds, this.#usdPerMinute));
  }

  /** A job is over after so many seconds; undefined when the Hub does not tell, or when it never began. */
  settle(name: string, seconds: number | undefined): void {
    const reserved = this.#reserved.get(name) ?? 0;
    this.#reserved.delete(name);
    // Billed from the moment it starts up, which is before the time that the Hub calls its start.
    this.#spent += seconds === undefined ? reserved : Math.min(reserved, jobUsd(seconds + 60, this.#usdPerMinute));
  }

  /** A job was never started. */
  release(name: string): void {
    this.#reserved.delete(name);
  }
}
