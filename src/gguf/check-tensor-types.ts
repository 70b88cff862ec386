import type { GgmlType } from "../quant/ggml-types.js";
import type { Gguf } from "./gguf.js";

export interface TypeDifference {
  name: string;
  expected: GgmlType;
  /** Undefined when the file has no such tensor. */
  actual: GgmlType | undefined;
}

/**
 * Compares tensor types with what was asked for, tensor name to type, and returns the differences in
 * the order of `expected`. Tensors that are not in `expected` may have any type. llama-quantize can
 * ignore a type it was told without failing, so its output is read back.
 */
export function checkTensorTypes(gguf: Gguf, expected: ReadonlyMap<string, GgmlType>): TypeDifference[] {
  const actual = new Map(gguf.tensors.map((tensor) => [tensor.name, tensor.type]));
  return [...expected]
    .map(([name, type]) => ({ name, expected: type, actual: actual.get(name) }))
    .filter((difference) => difference.actual?.id !== difference.expected.id);
}
