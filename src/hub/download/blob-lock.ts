import { join } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { type LockOptions, withLock } from "../../util/lock.js";

/**
 * Runs `work` while this process holds the blob's lock. The signal of `work` aborts with the caller's, and with
 * QS-HUB-LOCK if the lock is lost. Python's tools use other lock and temporary files; concurrent downloads replace a
 * blob with equal content.
 */
export async function withBlobLock<T>(
  folder: string,
  blob: string,
  options: LockOptions & { signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withLock(join(folder, `${blob}.quantsmith.lock`), options, ({ lost }) => {
    const taken = new AbortController();
    lost.addEventListener("abort", () => taken.abort(takenOver(blob)), { once: true });
    return work(AbortSignal.any([options.signal, taken.signal]));
  });
}

function takenOver(blob: string): QuantsmithError {
  return new QuantsmithError("QS-HUB-LOCK", `another process took over the download of blob ${blob.slice(0, 12)}`, {
    remedy: "Run again; the process or the machine was suspended during the download.",
  });
}
