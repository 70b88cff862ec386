import type { GgmlType } from "../quant/ggml-types.js";
import type { Gguf } from "./gguf.js";

export interface TypeDifference {
  name: string;
  expected: GgmlType;
  /** Undefined when the file has no such tensor. */
  actual: GgmlType | undefined;
}

/**
 * Compares a file's tensor types with `expected` (tensor name to type) and returns the differences in the order of
 * `expected`. Other tensors may have any type. llama-quantize can silently ignore a requested type, so its output is
 * verified.
 */
export function checkTensorTypes(gguf: Gguf, expected: ReadonlyMap<string, GgmlType>): TypeDifference[] {
  const actual = new Map(gguf.tensors.map((tensor) => [tensor.name, tensor.type]));
  return [...expected]
    .map(([name, type]) => ({ name, expected: type, actual: actual.get(name) }))
    .filter((difference) => difference.actual?.id !== difference.expected.id);
}
