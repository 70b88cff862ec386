import type { Gguf, GgufTensor } from "./gguf.js";

/** Values in one tensor. */
export function elementCount(tensor: Pick<GgufTensor, "shape">): number {
  return tensor.shape.reduce((product, size) => product * size, 1);
}

/** Values in all tensors, norms and biases included. */
export function parameterCount(gguf: Gguf): number {
  return gguf.tensors.reduce((sum, tensor) => sum + elementCount(tensor), 0);
}

/** Bytes of all tensors without padding. */
function tensorBytes(gguf: Gguf): number {
  return gguf.tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
}

/**
 * Returns 8 x tensor bytes / values over all tensors, the BPW of llama-quantize. Metadata and padding do not count.
 * 0 for a file without tensors.
 */
export function bitsPerWeight(gguf: Gguf): number {
  const parameters = parameterCount(gguf);
  return parameters === 0 ? 0 : (8 * tensorBytes(gguf)) / parameters;
}

/** Tensors per type, by type name, most frequent first. */
export function typeCounts(gguf: Gguf): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { type } of gguf.tensors) counts.set(type.name, (counts.get(type.name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
