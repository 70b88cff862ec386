import { join } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { type LockOptions, withLock } from "../../util/lock.js";

/**
 * Runs `work` while no other quantsmith process works on the same blob. Its signal fires with the caller's, and with
 * QS-HUB-LOCK when the lock was lost. Python's tools have locks of their own under other names; they write to files of
 * their own, and whoever is last replaces equal content by equal content.
 */
export async function withBlobLock<T>(
  folder: string,
  blob: string,
  options: LockOptions & { signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withLock(join(folder, `${blob}.quantsmith.lock`), options, (lost) => {
    const taken = new AbortController();
    lost.addEventListener("abort", () => taken.abort(takenOver(blob)), { once: true });
    return work(AbortSignal.any([options.signal, taken.signal]));
  });
}

function takenOver(blob: string): QuantsmithError {
  return new QuantsmithError("QS-HUB-LOCK", `another process took over the download of blob ${blob.slice(0, 12)}`, {
    remedy: "Run again. This happens when a process is stopped or the machine sleeps in the middle of a download.",
  });
}
