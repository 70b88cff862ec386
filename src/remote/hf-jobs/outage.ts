import { QuantsmithError } from "../../util/errors.js";

/** A Hub that cannot be reached says nothing about jobs, which go on; after this long there is no point in waiting. */
const longestMs = 3_600_000;
const passing = new Set(["QS-HUB-OFFLINE", "QS-HUB-NETWORK", "QS-HUB-RATE-LIMIT", "QS-HUB-FAILED", "QS-HUB-ANSWER"]);

/** Whether an error only says that the Hub does not answer now. */
export function isOutage(error: unknown): error is QuantsmithError {
  return error instanceof QuantsmithError && passing.has(error.code);
}

/** Bears with a Hub that does not answer for a while, and says so once. */
export class Outage {
  readonly #note: (text: string) => void;
  #since: number | undefined;

  constructor(note: (text: string) => void) {
    this.#note = note;
  }

  /** Whether it has lasted longer than there is a point in waiting. */
  get isHopeless(): boolean {
    return this.#since !== undefined && performance.now() - this.#since > longestMs;
  }

  /** The Hub has answered. */
  over(): void {
    this.#since = undefined;
  }

  /** Throws what will not pass, and what has not passed for an hour. */
  bear(error: unknown): void {
    if (!isOutage(error)) throw error;
    if (this.#since === undefined) this.#note(`${error.message}. Jobs that run go on; the Hub is asked again.`);
    this.#since ??= performance.now();
    if (this.isHopeless) throw error;
  }
}
