import { open } from "node:fs/promises";
import { isSystemError } from "../util/errors.js";

/** The shape of a file of base logits. */
export interface BaseLogits {
  vocabulary: number;
  chunks: number;
  /** Tokens per chunk. */
  context: number;
}

/** `_logits_`, then context, vocabulary and chunks as 32-bit integers. */
const headerBytes = 8 + 12;

/**
 * Size in bytes of the file `llama-perplexity --save-all-logits` writes: the header, every token as int32, and for
 * each token of the second half of a chunk a row of uint16 (vocabulary rounded up to even, plus scale and minimum).
 * Source: `process_logits` and `perplexity` in llama.cpp `tools/perplexity/perplexity.cpp`.
 */
export function baseLogitsBytes({ vocabulary, chunks, context }: BaseLogits): number {
  const rowValues = 2 * Math.floor((vocabulary + 1) / 2) + 4;
  const rowsPerChunk = context - 1 - Math.floor(context / 2);
  return headerBytes + chunks * context * 4 + chunks * rowsPerChunk * rowValues * 2;
}

/** Reads the header and the file's size; undefined when the file is missing, cut or something else. */
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
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}
