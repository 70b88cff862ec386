import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { isSystemError } from "../util/errors.js";

/** A holder that has died stops refreshing its lock, and after this the next one takes it over. */
const staleMs = 15_000;
const retryMs = 250;

export interface LockOptions {
  signal?: AbortSignal;
  /** Called once when another process holds the lock. */
  onWait?: () => void;
}

/**
 * Runs `action` while no other process does so on the same folder, which is made if it is missing.
 * The action's own signal fires when `signal` does, and when the lock is lost (a machine that slept past the limit).
 */
export async function withFolderLock<T>(
  folder: string,
  options: LockOptions,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true });
  const lost = new AbortController();
  const release = await acquire(folder, options, lost);
  try {
    return await action(options.signal ? AbortSignal.any([options.signal, lost.signal]) : lost.signal);
  } finally {
    // A lost lock belongs to somebody else by now.
    if (!lost.signal.aborted) await release();
  }
}

async function acquire(folder: string, options: LockOptions, lost: AbortController): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      return await lock(folder, { stale: staleMs, onCompromised: (error) => lost.abort(error) });
    } catch (error) {
      if (!isSystemError(error) || error.code !== "ELOCKED") throw error;
      if (attempt === 0) options.onWait?.();
      await sleep(retryMs, undefined, options.signal ? { signal: options.signal } : {});
    }
  }
}
