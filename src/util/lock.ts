import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { check, lock } from "proper-lockfile";
import { isSystemError } from "./errors.js";
import { makeFolder } from "./files.js";

/** Time without a heartbeat after which a lock is stale and another process may take it over. */
const staleMs = 5000;
const heartbeatMs = 1000;
const retryMs = 200;

export interface LockOptions {
  signal?: AbortSignal;
  /** Called once if another process has the lock. */
  onWait?: () => void;
}

/**
 * Runs `work` under a lock across processes; waits while another process has the lock. The lock is a folder at `path`;
 * its parent is created. `lost` fires if another process took the lock over because this one stalled; callers that
 * finish by an atomic rename can ignore it. Errors: the reason of `signal`.
 */
export async function withLock<T>(
  path: string,
  { signal, onWait }: LockOptions,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  await makeFolder(dirname(path));
  const lost = new AbortController();
  const release = await acquire(path, () => lost.abort(), signal, onWait);
  try {
    return await work(lost.signal);
  } finally {
    // A lost lock belongs to another process.
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

/** Returns whether a live process has the lock at `path`. */
export async function isLocked(path: string): Promise<boolean> {
  return check(path, { lockfilePath: path, realpath: false, stale: staleMs }).catch(() => false);
}
