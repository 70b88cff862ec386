import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { isSystemError, QuantsmithError } from "../util/errors.js";

/** A holder that has shown no sign of life for this long is taken to be dead. */
const staleMs = 5000;
const heartbeatMs = 1000;
const retryMs = 200;

export interface BlobLockOptions {
  signal: AbortSignal;
  /** Called once when another process holds the lock. */
  onWait: () => void;
}

/**
 * Runs `work` while no other quantsmith process works on the same blob. Its signal fires with the caller's, and when
 * the lock was lost because this process stood still for too long. Python's tools have locks of their own under other
 * names; they write to files of their own, and whoever is last replaces equal content by equal content.
 */
export async function withBlobLock<T>(
  folder: string,
  blob: string,
  { signal, onWait }: BlobLockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true });
  const lost = new AbortController();
  const release = await acquire(join(folder, `${blob}.quantsmith.lock`), signal, onWait, () => {
    lost.abort(
      new QuantsmithError("QS-HUB-LOCK", `another process took over the download of blob ${blob.slice(0, 12)}`, {
        remedy: "Run again. This happens when a process is stopped or the machine sleeps in the middle of a download.",
      }),
    );
  });
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    // A lost lock belongs to somebody else by now.
    if (!lost.signal.aborted) await release().catch(() => undefined);
  }
}

async function acquire(lockfilePath: string, signal: AbortSignal, onWait: () => void, onCompromised: () => void) {
  for (let waited = false; ; waited = true) {
    signal.throwIfAborted();
    try {
      return await lock(lockfilePath, {
        lockfilePath,
        realpath: false,
        stale: staleMs,
        update: heartbeatMs,
        onCompromised,
      });
    } catch (error) {
      if (!isSystemError(error) || error.code !== "ELOCKED") throw error;
    }
    if (!waited) onWait();
    await sleep(retryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
