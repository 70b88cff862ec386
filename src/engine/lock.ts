import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import lockfile from "proper-lockfile";
import { isSystemError } from "../util/errors.js";

/** A lock whose holder has shown no sign of life for this long is taken over. */
const staleMs = 4000;
const heartbeatMs = 1000;
const retryMs = 200;

/**
 * Runs `work` while holding the named lock across processes; waits as long as another process holds it.
 * Losing the lock to a takeover (this process was stopped for seconds) is told by `onLost` and needs no more:
 * everything done under a lock is made final by an atomic rename.
 */
export async function withLock<T>(
  folder: string,
  name: string,
  options: { signal: AbortSignal; onWait: () => void; onLost: () => void },
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true });
  const release = await acquire(join(folder, `${name}.lock`), options);
  try {
    return await work();
  } finally {
    await release().catch(() => undefined);
  }
}

async function acquire(lockfilePath: string, options: { signal: AbortSignal; onWait: () => void; onLost: () => void }) {
  for (let waited = false; ; ) {
    options.signal.throwIfAborted();
    try {
      return await lockfile.lock(lockfilePath, {
        lockfilePath,
        realpath: false,
        stale: staleMs,
        update: heartbeatMs,
        onCompromised: options.onLost,
      });
    } catch (error) {
      if (!isSystemError(error) || error.code !== "ELOCKED") throw error;
    }
    if (!waited) options.onWait();
    waited = true;
    await sleep(retryMs, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
  }
}
