import type { Gguf, GgufTensor } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import { batchTokens } from "./measured-points.js";
import type { MemoryConfiguration } from "./memory.js";
import { contextStep } from "./memory-at.js";

/**
 * Returns the bytes of the buffer in which ggml's CPU backend converts activations for products with weights, one for all
 * threads and operations: `ggml_graph_plan` in ggml-cpu.c. Its size is the maximum of a batch of activations in the type
 * that the weight's dot product requires, and, without flash attention, the scores of a batch in F16.
 */
export function workBytes(gguf: Gguf, { context, flashAttention }: MemoryConfiguration): number {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const cells = Math.ceil(context / contextStep) * contextStep;
  const tokens = Math.min(batchTokens, cells);
  const used = metadataNumber(gguf, `${architecture}.expert_used_count`) ?? 1;
  const rows = gguf.tensors.map((tensor) => rowBytes(tensor) * (/_down_exps\./.test(tensor.name) ? used : 1));
  const scores = flashAttention ? 0 : 2 * cells * largestNumber(gguf, `${architecture}.attention.head_count`);
  return tokens * Math.max(0, scores, ...rows);
}

/** Bytes of one token's activations for this weight; 0 for embeddings and vectors, which are not multiplied. */
function rowBytes({ name, shape, type }: GgufTensor): number {
  return shape.length < 2 || name.startsWith("token_embd") ? 0 : (shape[0] ?? 0) * activationBytes(type);
}

/** Bytes per activation in the type for ggml's dot product: the type itself, Q8_0, or Q8_K for the K and IQ types. */
function activationBytes({ name, quantized, blockSize }: GgmlType): number {
  if (!quantized) return name === "F32" ? 0 : 2;
  return blockSize === 256 ? 292 / 256 : 36 / 32;
}

function largestNumber(gguf: Gguf, key: string): number {
  const entry = gguf.metadata.get(key);
  return entry?.type === "array" ? Math.max(0, ...entry.items.map(Number)) : (metadataNumber(gguf, key) ?? 0);
}
