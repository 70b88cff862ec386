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
  const code = found.isDirectory() ? "EISDIR" : "ENXIO";
  throw Object.assign(new Error(`${code}: not a regular file, open '${path}'`), { code, syscall: "open", path });
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
