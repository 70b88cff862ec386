import { createWriteStream, existsSync } from "node:fs";
import { constants, copyFile, rm } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isSystemError } from "./errors.js";
import { openRegular } from "./regular-file.js";

const chunkBytes = 4 * 2 ** 20;

/**
 * Copies a file: by reflink, which shares the blocks until either changes, where the file system can, else by reading
 * it. The copy has the file's permissions. `to` must not exist.
 */
export async function copyOrReflink(
  from: string,
  to: string,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (done: number) => void },
): Promise<void> {
  try {
    return await copyRegular(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
  } catch (error) {
    if (!isSystemError(error) || error.code === "EEXIST" || error.code === "ENOENT") throw error;
    await rm(to, { force: true });
  }
  let done = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length;
      onBytes(done);
      next(null, chunk);
    },
  });
  const file = await openRegular(from);
  const source = file.createReadStream({ highWaterMark: chunkBytes });
  const mode = (await file.stat()).mode & 0o777;
  await pipeline(source, count, createWriteStream(to, { flags: "wx", mode }), { signal });
}

/**
 * As Node's `copyFile`, but rejects as `openRegular`: it does not wait for a pipe. Copies the file that it opened, also if
 * something else takes its name meanwhile; without /proc, what has the name. `flags` are those of `openRegular`.
 */
export async function copyRegular(from: string, to: string, mode?: number, flags?: number): Promise<void> {
  const file = await openRegular(from, flags);
  try {
    const opened = `/proc/self/fd/${file.fd}`;
    await copyFile(existsSync(opened) ? opened : from, to, mode);
  } catch (error) {
    throw isSystemError(error) ? Object.assign(error, { path: from }) : error;
  } finally {
    await file.close();
  }
}
