import { readGguf } from "../../gguf/read-header.js";
import { chunksPerBatch } from "../../llamacpp/base-logits.js";
import type { Compute } from "../../llamacpp/compute/compute.js";
import { measureMemory } from "./measure-memory.js";
import { batchTokens } from "./measured-points.js";
import { peakBytes } from "./memory-at.js";

/** Tokens that llama-perplexity and llama-imatrix evaluate together (`--batch-size`), each with a place in the cache. */
const cacheTokens = 2048;
/** Cache and activations of common models with 2048 tokens, as a share of the 16-bit weights: 1 to 3 %. */
const activationShare = 0.03;

/** The text that is evaluated. */
export interface EvaluatedText {
  /** Tokens of the vocabulary. */
  vocabulary: number;
  /** Tokens per chunk. */
  context: number;
}

/**
 * Returns the bytes of the logits of one batch in host memory: F32 for the second half of each chunk, and the stored 16-bit
 * rows of one chunk.
 */
export function logitsBytes({ vocabulary, context }: EvaluatedText): number {
  const scored = Math.ceil(context / 2);
  return chunksPerBatch(context) * scored * vocabulary * 4 + scored * vocabulary * 2;
}

/**
 * Returns the bytes for evaluating a text, in host memory and on devices together: weights, cache and compute buffers
 * from llama.cpp's allocator, and the logits. Without an answer of the allocator, the estimate from the file's size.
 */
export async function evaluationBytes(file: string, text: EvaluatedText, signal?: AbortSignal): Promise<number> {
  const context = Math.max(cacheTokens, text.context);
  const configurations = [true, false].map((flashAttention) => ({ context, kvType: "f16" as const, flashAttention }));
  const options = { configurations, ...(signal && { signal }) };
  const memory = await measureMemory(file, options).catch(() => undefined);
  signal?.throwIfAborted();
  const [estimate] = memory?.estimates ?? [];
  if (estimate === undefined) return estimateEvaluationBytes((await readGguf(file)).fileBytes, text);
  return peakBytes(estimate) + logitsBytes(text);
}

/**
 * Estimates `evaluationBytes` from the bytes of 16-bit weights: 3 % for cache and activations, and the logits of a part of
 * the batch in the compute buffer.
 */
export function estimateEvaluationBytes(weightsBytes: number, text: EvaluatedText): number {
  return weightsBytes * (1 + activationShare) + batchTokens * text.vocabulary * 4 + logitsBytes(text);
}

/** Returns the bytes of host memory and of devices together. Metal's devices use the host's memory. */
export function availableBytes(hostBytes: number, { backend, devices }: Compute): number {
  return hostBytes + (backend === "metal" ? 0 : devices.reduce((sum, { freeBytes }) => sum + freeBytes, 0));
}
