import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, QuantsmithError } from "../util/errors.js";

/** Shape of a base logits file. */
export interface BaseLogits {
  vocabulary: number;
  chunks: number;
  /** Tokens per chunk. */
  context: number;
}

/** `_logits_`, then context, vocabulary and chunks as 32-bit integers. */
const headerBytes = 8 + 12;
const tokenBytes = 4;
/** Bytes per read of a copy. */
const pieceBytes = 4 << 20;

/**
 * Returns the size in bytes of the file that `llama-perplexity --save-all-logits` writes: the header, every token as
 * int32, and for each scored token a row of uint16 (vocabulary rounded up to even, plus scale and minimum).
 * Source: `process_logits` and `perplexity` in llama.cpp `tools/perplexity/perplexity.cpp`.
 */
export function baseLogitsBytes({ vocabulary, chunks, context }: BaseLogits): number {
  return headerBytes + chunks * (context * tokenBytes + chunkBytes({ vocabulary, context }));
}

/** Returns the number of scored tokens per chunk: the second half, without the last token, which has no successor. */
export function scoredTokens(context: number): number {
  return context - 1 - Math.floor(context / 2);
}

/** llama-perplexity's default batch size in tokens (`n_batch` in common/common.h). */
const batchTokens = 2048;

/**
 * Returns the number of chunks that llama-perplexity evaluates together. Rounding depends on the batch and changes a
 * quantized model's perplexity by about 0.1 %, so equal results require the same chunks per batch.
 */
export function chunksPerBatch(context: number): number {
  return Math.max(1, Math.floor(batchTokens / context));
}

/** Returns the bytes of one chunk's rows. */
function chunkBytes({ vocabulary, context }: Omit<BaseLogits, "chunks">): number {
  return scoredTokens(context) * (2 * Math.floor((vocabulary + 1) / 2) + 4) * 2;
}

/** Reads the header; returns undefined if the file is missing, truncated or of another format. */
export async function readBaseLogits(file: string): Promise<BaseLogits | undefined> {
  try {
    const handle = await open(file, "r");
    try {
      const header = Buffer.alloc(headerBytes);
      const { bytesRead } = await handle.read(header, 0, headerBytes, 0);
      if (bytesRead < headerBytes || header.toString("latin1", 0, 8) !== "_logits_") return undefined;
      const shape = {
        context: header.readUInt32LE(8),
        vocabulary: header.readUInt32LE(12),
        chunks: header.readUInt32LE(16),
      };
      return (await handle.stat()).size === baseLogitsBytes(shape) ? shape : undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Reads the header. Throws QS-VALIDATE-FAILED if the file is missing, truncated or of another format. */
export async function requireBaseLogits(cwd: string, name: string): Promise<BaseLogits> {
  const base = await readBaseLogits(join(cwd, name));
  if (base !== undefined) return base;
  throw new QuantsmithError("QS-VALIDATE-FAILED", `${name} is not a complete base logits file`, {
    remedy: "Run again with `--fresh` to recompute the base logits.",
  });
}

/**
 * Copies the chunks with these indices, in this order, to another base logits file. `measureKld` returns the same
 * values for a chunk as with the whole file.
 * Throws a RangeError for a chunk index that does not exist, since that is a bug of the caller.
 */
export async function extractChunks(from: string, to: string, chunks: readonly number[]): Promise<void> {
  const shape = await readBaseLogits(from);
  if (shape === undefined || chunks.some((chunk) => !(chunk >= 0 && chunk < shape.chunks))) {
    throw new RangeError(`${from} does not contain all of the chunks ${chunks.join(", ")}`);
  }
  const source = await open(from, "r");
  try {
    const target = await open(to, "w");
    try {
      const header = Buffer.alloc(headerBytes);
      await source.read(header, 0, headerBytes, 0);
      header.writeUInt32LE(chunks.length, 16);
      await target.writeFile(header);
      const tokens = shape.context * tokenBytes;
      for (const chunk of chunks) await copyRange(source, target, headerBytes + chunk * tokens, tokens);
      const rows = chunkBytes(shape);
      const start = headerBytes + shape.chunks * tokens;
      for (const chunk of chunks) await copyRange(source, target, start + chunk * rows, rows);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Appends a range of one file to another. */
async function copyRange(source: FileHandle, target: FileHandle, start: number, bytes: number): Promise<void> {
  const piece = Buffer.alloc(Math.min(bytes, pieceBytes));
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await source.read(piece, 0, Math.min(piece.length, bytes - done), start + done);
    if (bytesRead === 0) throw new RangeError("the base logits file became shorter while it was read");
    await target.writeFile(piece.subarray(0, bytesRead));
    done += bytesRead;
  }
}
