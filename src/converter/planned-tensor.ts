import { type GgmlType, knownType } from "../quant/ggml-types.js";
import type { TensorRule } from "./families/family.js";
import { nativeUnsupported } from "./native-errors.js";
import type { CheckpointTensor } from "./read-checkpoint.js";
import type { SourceType, TargetType } from "./values/convert-values.js";

/** A stretch of values of a checkpoint, converted alike. */
export interface TensorSlice {
  path: string;
  /** Where its data starts, in bytes from the start of the file. */
  offset: number;
  from: SourceType;
  /** Values in it. */
  elements: number;
  plusOne: boolean;
  /** Where rows change places: rows of one head, and values per row. */
  head?: { rows: number; columns: number };
}

/** One tensor of the file to be written. */
export interface PlannedTensor {
  name: string;
  /** ggml order: `shape[0]` is the row length. */
  shape: readonly number[];
  type: GgmlType;
  /** Stretches one after the other; or the values themselves, as F32. */
  data: readonly TensorSlice[] | Float32Array<ArrayBuffer>;
}

/**
 * The type that llama.cpp's converter gives a tensor: `type` for matrices, F32 for what ggml computes with only as
 * that, which is vectors, norms and routers.
 */
export function typeOf(name: string, dimensions: number, type: TargetType): GgmlType {
  const plain = dimensions < 2 || name.endsWith("_norm.weight") || name.endsWith(".ffn_gate_inp.weight");
  return knownType(plain || !name.endsWith(".weight") ? "F32" : type);
}

/** Throws QS-CONVERT-NATIVE for values that are no plain floats. */
export function toSlice(tensor: CheckpointTensor, rule: TensorRule): TensorSlice {
  const { path, offset, elements, shape } = tensor;
  const columns = shape[1] ?? 1;
  const head = rule.heads === undefined ? {} : { head: { rows: (shape[0] ?? 0) / rule.heads, columns } };
  return { path, offset, elements, from: sourceType(tensor), plusOne: rule.plusOne === true, ...head };
}

function sourceType({ dtype, name }: CheckpointTensor): SourceType {
  if (dtype === "BF16" || dtype === "F16" || dtype === "F32") return dtype;
  throw nativeUnsupported(`does not take ${name} with values of type ${dtype}`);
}
