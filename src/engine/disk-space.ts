import { statfs } from "node:fs/promises";
import { formatBytes } from "../util/bytes.js";
import { QuantsmithError } from "../util/errors.js";

/** Free space to leave beside a step's predicted bytes: predictions are estimates, and other programs write too. */
export const marginBytes = 64 * 1024 * 1024;
/** A step is stopped when less than this is free: some native tools do not detect failed writes. */
const floorBytes = 8 * 1024 * 1024;
const watchIntervalMs = 500;

const remedy = "Free disk space or set another folder with `--out`, then run again. Finished steps are kept.";

/** Returns the bytes that this user can still write on the file system of `folder`. */
async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Throws QS-DISK-SPACE when a step's predicted bytes and the margin do not fit, before anything is written. */
export async function requireDiskSpace(folder: string, predictedBytes: number, step: string): Promise<void> {
  const free = await freeBytes(folder);
  const needed = predictedBytes + marginBytes;
  if (free >= needed) return;
  const message = `${step} needs about ${formatBytes(needed)} of disk space, and ${folder} has ${formatBytes(free)} free`;
  throw new QuantsmithError("QS-DISK-SPACE", message, { remedy });
}

/** Watches free space while a step runs; `signal` aborts with QS-DISK-FULL when the disk is about to be full. */
export function watchDisk(folder: string, step: string): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const look = async () => {
    const free = await freeBytes(folder).catch(() => Number.POSITIVE_INFINITY);
    if (free < floorBytes) controller.abort(diskFull(step));
  };
  const timer = setInterval(look, watchIntervalMs);
  timer.unref();
  return { signal: controller.signal, stop: () => clearInterval(timer) };
}

/** Returns the error for a disk that became full during a step. */
export function diskFull(step: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-DISK-FULL", `the disk became full during ${step}`, { remedy, cause });
}

/**
 * Runs work that writes files, and reports a full disk as such; native tools report it in their own messages.
 * Errors: QS-DISK-FULL, those of `work`.
 */
export async function reportDiskFull<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    throw code === "ENOSPC" || code === "EDQUOT" ? diskFull(step, error) : error;
  }
}
