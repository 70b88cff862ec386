import { makeCacheFolder } from "../../util/cache-folder.js";
import { type LockOptions, withLock } from "../../util/lock.js";

/**
 * Creates a cache folder and runs `action` while this process holds the folder's lock. The signal of `action` aborts
 * with `signal`, and if the lock is lost (after a machine was suspended past the limit). Errors: QS-ENV-CACHE.
 */
export async function withCacheLock<T>(
  folder: string,
  options: LockOptions,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await makeCacheFolder(folder);
  return withLock(`${folder}.lock`, options, ({ lost }) =>
    action(options.signal ? AbortSignal.any([options.signal, lost]) : lost),
  );
}
