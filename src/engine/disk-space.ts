import { statfs } from "node:fs/promises";
import { formatBytes } from "../util/bytes.js";
import { QuantsmithError } from "../util/errors.js";

/** Free space that must remain beside a step's predicted bytes: predictions are estimates, and others write too. */
const marginBytes = 64 * 1024 * 1024;

/** Bytes that this user may still write on the file system of `folder`. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Throws QS-DISK-SPACE when a step's predicted bytes and the margin do not fit, before anything is written. */
export async function requireDiskSpace(folder: string, predictedBytes: number, step: string): Promise<void> {
  const free = await freeBytes(folder);
  const needed = predictedBytes + marginBytes;
  if (free >= needed) return;
  throw new QuantsmithError(
    "QS-DISK-SPACE",
    `${step} needs about ${formatBytes(needed)} of disk and ${formatBytes(free)} are free in ${folder}`,
    { remedy: "Free space or give another folder with --out, then run again; finished steps are kept." },
  );
}
