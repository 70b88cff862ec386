import { QuantsmithError } from "../../util/errors.js";

/** A Hub that cannot be reached says nothing about jobs, which go on; after this long there is no point in waiting. */
const maxOutageMs = 3_600_000;
const transientCodes = new Set([
  "QS-HUB-OFFLINE",
  "QS-HUB-NETWORK",
  "QS-HUB-RATE-LIMIT",
  "QS-HUB-FAILED",
  "QS-HUB-ANSWER",
]);

/** Whether an error only says that the Hub does not answer now. */
export function isOutage(error: unknown): error is QuantsmithError {
  return error instanceof QuantsmithError && transientCodes.has(error.code);
}

/** Bears with a Hub that does not answer for a while, and says so once. */
export class Outage {
  readonly #note: (text: string) => void;
  #startedAt: number | undefined;

  constructor(note: (text: string) => void) {
    this.#note = note;
  }

  /** Whether it has lasted longer than there is a point in waiting. */
  get isExpired(): boolean {
    return this.#startedAt !== undefined && performance.now() - this.#startedAt > maxOutageMs;
  }

  /** The Hub has answered. */
  end(): void {
    this.#startedAt = undefined;
  }

  /** Throws what will not pass, and what has not passed for an hour. */
  tolerate(error: unknown): void {
    if (!isOutage(error)) throw error;
    if (this.#startedAt === undefined) this.#note(`${error.message}. Jobs that run go on; the Hub is asked again.`);
    this.#startedAt ??= performance.now();
    if (this.isExpired) throw error;
  }
}
