import { setTimeout as sleep } from "node:timers/promises";
import pRetry, { type RetryContext } from "p-retry";
import { TemporaryFailure } from "./hub-error.js";
import { reportHubWait } from "./hub-waits.js";
import type { HubLimits } from "./limits.js";

/**
 * Runs `attempt` until it succeeds. Retries only a TemporaryFailure, after the wait that the Hub requests and an
 * exponential backoff with jitter, so that clients do not retry simultaneously. Throws the failure's `error` after the
 * last attempt.
 */
export async function retry<T>(
  { attempts, firstDelayMs, maxDelayMs, maxRetryAfterMs }: HubLimits,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  let done: { value: T } | undefined;
  const mayRetry = ({ error, retriesLeft }: RetryContext) =>
    error instanceof TemporaryFailure && (error.retryAfterMs ?? 0) <= maxRetryAfterMs && retriesLeft > 0;
  const run = async () => {
    done = { value: await attempt() };
  };
  try {
    await pRetry(run, {
      retries: attempts - 1,
      // `randomize` makes a wait up to twice as long.
      ...{ minTimeout: firstDelayMs / 2, maxTimeout: maxDelayMs, randomize: true, signal },
      shouldRetry: mayRetry,
      onFailedAttempt: async (context) => {
        if (!mayRetry(context)) return;
        const { retryAfterMs = 0, message } = context.error as TemporaryFailure;
        const backoffMs = Math.min(maxDelayMs, (firstDelayMs / 2) * 2 ** (context.attemptNumber - 1));
        reportHubWait(message, retryAfterMs + backoffMs);
        await sleep(retryAfterMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      },
    });
  } catch (error) {
    // After an abort p-retry throws even if the attempt in progress has succeeded; its result counts.
    if (done === undefined) throw error instanceof TemporaryFailure ? error.error : error;
  }
  return (done as { value: T }).value;
}

/**
 * Returns the milliseconds of a `Retry-After` header in seconds or as a date; undefined if it is absent or invalid.
 * `serverDate`, the response's `Date`, replaces this machine's clock, which may be wrong.
 */
export function parseRetryAfter(header: string | undefined, serverDate: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  // Date.parse accepts many other formats; HTTP dates end in GMT.
  const date = header.endsWith("GMT") ? Date.parse(header) : Number.NaN;
  const now = Date.parse(serverDate ?? "") || Date.now();
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
