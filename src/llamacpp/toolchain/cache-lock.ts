import { mkdir } from "node:fs/promises";
import { type LockOptions, withLock } from "../../util/lock.js";

/**
 * Creates a cache folder and runs `action` while this process holds the folder's lock. The signal of `action` aborts
 * with `signal`, and if the lock is lost (after a machine was suspended past the limit).
 */
export async function withFolderLock<T>(
  folder: string,
  options: LockOptions,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true });
  return withLock(`${folder}.lock`, options, (lost) =>
    action(options.signal ? AbortSignal.any([options.signal, lost]) : lost),
  );
}
