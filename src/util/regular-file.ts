import { constants, type FileHandle, open } from "node:fs/promises";

/**
 * Opens a file to read, following links. Never waits, as opening a named pipe does. Rejects with Node's errors: EISDIR for a
 * folder, ENXIO for anything else that is not a regular file.
 */
export async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = await file.stat();
  if (found.isFile()) return file;
  await file.close();
  throw notRegular(found.isDirectory() ? "EISDIR" : "ENXIO", path);
}

function notRegular(code: "EISDIR" | "ENXIO", path: string): Error {
  return Object.assign(new Error(`${code}: not a regular file, open '${path}'`), { code, syscall: "open", path });
}

/** Rejects with ENXIO after a read of `bytes` from a file that the kernel generates, as /proc/self/environ: it has no size. */
export async function requireStored(file: FileHandle, path: string, bytes: number): Promise<void> {
  if (bytes > 0 && (await file.stat()).size === 0) throw notRegular("ENXIO", path);
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
