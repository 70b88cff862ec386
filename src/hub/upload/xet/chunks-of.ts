import { openRegular } from "../../../util/regular-file.js";
import { type Chunk, createChunker } from "./hashes.js";

/** A chunk of a file; `start` is its position. */
export interface FileChunk extends Chunk {
  start: number;
}

/** The longest chunk, in bytes: this many from the start of a file contain its first chunk. */
export const maxChunkBytes = 2 ** 17;

/** Divides a file into Xet's content-defined chunks, without keeping their content. */
export async function* chunksOf(path: string, signal: AbortSignal): AsyncGenerator<FileChunk> {
  const chunker = createChunker();
  let start = 0;
  const placed = ({ hash, length }: Chunk): FileChunk => {
    start += length;
    // A copy in Node's pool takes less memory than an array of its own.
    return { hash: Buffer.from(hash), length, start: start - length };
  };
  const file = await openRegular(path);
  const blocks: AsyncIterable<Buffer> = file.createReadStream({ highWaterMark: 2 ** 20, signal });
  for await (const block of blocks) yield* chunker.nextBlock(block, false).map(placed);
  const last = chunker.finish();
  if (last !== null) yield placed(last);
}

/** Returns the hash of the first chunk of a file that starts with `head`. */
export function firstChunk(head: Uint8Array): Uint8Array | undefined {
  return createChunker().nextBlock(head, true)[0]?.hash;
}
