import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { check, lock } from "proper-lockfile";
import { isSystemError } from "./errors.js";

/** A holder that has shown no sign of life for this long is taken to be dead, and its lock is taken over. */
const staleMs = 5000;
const heartbeatMs = 1000;
const retryMs = 200;

export interface LockOptions {
  signal?: AbortSignal;
  /** Called once when another process holds the lock. */
  onWait?: () => void;
}

/**
 * Runs `work` while holding a lock across processes; waits as long as another process holds it. The lock is a folder at
 * `path`, whose parent is made. `lost` fires when it was taken over because this process stood still for too long; who
 * makes everything final by an atomic rename need not care. Errors: the reason of `signal`.
 */
export async function withLock<T>(
  path: string,
  { signal, onWait }: LockOptions,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const lost = new AbortController();
  const release = await acquire(path, () => lost.abort(), signal, onWait);
  try {
    return await work(lost.signal);
  } finally {
    // A lost lock belongs to somebody else by now.
    if (!lost.signal.aborted) await release().catch(() => undefined);
  }
}

async function acquire(
  path: string,
  onCompromised: () => void,
  signal: AbortSignal | undefined,
  onWait: LockOptions["onWait"],
): Promise<() => Promise<void>> {
  const options = { lockfilePath: path, realpath: false, stale: staleMs, update: heartbeatMs, onCompromised };
  for (let waited = false; ; waited = true) {
    signal?.throwIfAborted();
    try {
      return await lock(path, options);
    } catch (error) {
      if (!isSystemError(error) || error.code !== "ELOCKED") throw error;
    }
    if (!waited) onWait?.();
    await sleep(retryMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** Whether a living process holds the lock at `path`. */
export async function isLocked(path: string): Promise<boolean> {
  return check(path, { lockfilePath: path, realpath: false, stale: staleMs }).catch(() => false);
}
