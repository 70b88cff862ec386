import { QuantsmithError } from "../../util/errors.js";

/** Jobs continue while the Hub cannot be reached; after this long, waiting ends. */
const maxOutageMs = 3_600_000;
const transientCodes = new Set([
  "QS-HUB-OFFLINE",
  "QS-HUB-NETWORK",
  "QS-HUB-RATE-LIMIT",
  "QS-HUB-FAILED",
  "QS-HUB-ANSWER",
]);

/** Whether an error only means that the Hub cannot be reached now. */
export function isOutage(error: unknown): error is QuantsmithError {
  return error instanceof QuantsmithError && transientCodes.has(error.code);
}

/** Tolerates a Hub that does not respond for a while, and reports it once. */
export class Outage {
  readonly #note: (text: string) => void;
  #startedAt: number | undefined;

  constructor(note: (text: string) => void) {
    this.#note = note;
  }

  /** Whether the outage has lasted longer than the limit. */
  get isExpired(): boolean {
    return this.#startedAt !== undefined && performance.now() - this.#startedAt > maxOutageMs;
  }

  /** Records that the Hub answered. */
  end(): void {
    this.#startedAt = undefined;
  }

  /** Throws permanent errors, and an outage that has lasted longer than the limit. */
  tolerate(error: unknown): void {
    if (!isOutage(error)) throw error;
    if (this.#startedAt === undefined) this.#note(`${error.message}; running jobs continue; trying again`);
    this.#startedAt ??= performance.now();
    if (this.isExpired) throw error;
  }
}
