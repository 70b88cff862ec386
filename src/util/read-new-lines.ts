import { openRegular } from "./regular-file.js";

/** One call reads no more; the next continues. */
const maxPieceBytes = 64 * 2 ** 20;

/**
 * Returns the complete lines of a growing file after `offset`, at most 64 MiB, and their end; starts over if the file is
 * shorter than `offset`. A longer line is skipped. Rejects as `openRegular`.
 */
export async function readNewLines(path: string, offset: number): Promise<{ lines: string[]; end: number }> {
  const file = await openRegular(path);
  try {
    const { size } = await file.stat();
    const start = size < offset ? 0 : offset;
    const room = Math.min(size - start, maxPieceBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(room), 0, room, start);
    const length = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
    const end = start + (length === 0 && bytesRead === maxPieceBytes ? bytesRead : length);
    return { lines: buffer.toString("utf8", 0, length).split("\n").slice(0, -1), end };
  } finally {
    await file.close();
  }
}
