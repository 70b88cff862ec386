import { mkdir } from "node:fs/promises";
import { type LockOptions, withLock } from "../../util/lock.js";

/**
 * Runs `action` while no other process works in the same cache folder, which is made. Its own signal fires when `signal` does, and
 * when the lock is lost (a machine that slept past the limit).
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
