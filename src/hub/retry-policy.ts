import { setTimeout as sleep } from "node:timers/promises";
import { TemporaryFailure } from "./hub-error.js";
import type { HubLimits } from "./limits.js";

/**
 * Decides how often and after what wait something is tried again: exponential backoff with jitter, so that many
 * clients do not come back at the same moment, and never sooner than the Hub asked for.
 */
export class RetryPolicy {
  readonly #limits: HubLimits;
  #failures = 0;

  constructor(limits: HubLimits) {
    this.#limits = limits;
  }

  /** Something was gained: failures count from zero again. */
  reset(): void {
    this.#failures = 0;
  }

  /** Waits before the next attempt, or throws what `failure` stands for when there should be none. */
  async waitOrThrow(failure: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!(failure instanceof TemporaryFailure)) throw failure;
    this.#failures += 1;
    const { attempts, firstDelayMs, maxDelayMs, maxRetryAfterMs } = this.#limits;
    const asked = failure.retryAfterMs ?? 0;
    if (this.#failures >= attempts || asked > maxRetryAfterMs) throw failure.error;
    const backoff = Math.min(firstDelayMs * 2 ** (this.#failures - 1), maxDelayMs) * (0.5 + Math.random() / 2);
    await sleep(Math.max(backoff, asked), undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Runs `attempt` until it succeeds or patience ends. Only a TemporaryFailure is tried again. */
export async function retry<T>(limits: HubLimits, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  const retryPolicy = new RetryPolicy(limits);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await retryPolicy.waitOrThrow(error, signal);
    }
  }
}

/** Milliseconds that a `Retry-After` header asks for, given in seconds or as a date; undefined when it says nothing. */
export function parseRetryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  // Date.parse takes all kinds of text for a date; HTTP's own end in GMT.
  const date = header.endsWith("GMT") ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
