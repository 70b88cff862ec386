import { closeSync, fstatSync, openSync, type Stats } from "node:fs";
import { constants, type FileHandle, open } from "node:fs/promises";
import { isNoFile } from "./errors.js";

/**
 * Opens a file to read, following links, unless `flags` has O_NOFOLLOW. Never waits, as opening a named pipe does. Rejects with
 * Node's errors: EISDIR for a folder, ENXIO for anything else that is not a regular file.
 */
export async function openRegular(path: string, flags = 0): Promise<FileHandle> {
  const file = await open(path, withoutWaiting | flags);
  const found = await file.stat();
  if (found.isFile()) return file;
  await file.close();
  throw notRegular(path, found);
}

/** As `openRegular`, for threads of computation. Returns the file descriptor. */
export function openRegularSync(path: string): number {
  const file = openSync(path, withoutWaiting);
  const found = fstatSync(file);
  if (found.isFile()) return file;
  closeSync(file);
  throw notRegular(path, found);
}

const withoutWaiting = constants.O_RDONLY | constants.O_NONBLOCK;

function notRegular(path: string, found: Stats): NodeJS.ErrnoException {
  const code = found.isDirectory() ? "EISDIR" : "ENXIO";
  return Object.assign(new Error(`${code}: not a regular file, open '${path}'`), { code, syscall: "open", path });
}

/** Rejects with ENXIO after a read of `bytes` from a file that the kernel generates, as /proc/self/environ: it has no size. */
export async function requireStored(file: FileHandle, path: string, bytes: number): Promise<void> {
  const found = await file.stat();
  if (bytes > 0 && found.size === 0) throw notRegular(path, found);
}

/** Above all records, lists and settings, and far below what becomes a string. */
const usualMaxBytes = 64 * 2 ** 20;

/** Reads a regular file. Rejects as `openRegular`, and with a RangeError above `maxBytes`. */
export async function readRegular(path: string, maxBytes = usualMaxBytes): Promise<Buffer> {
  const file = await openRegular(path);
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw new RangeError(`it has ${size} bytes, more than ${maxBytes}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Reads a file as `readRegular`; returns an empty text if there is none, or none that can be a text of ours. */
export async function readTextIfAny(path: string): Promise<string> {
  try {
    return String(await readRegular(path));
  } catch (error) {
    if (isNoFile(error) || error instanceof RangeError) return "";
    throw error;
  }
}
