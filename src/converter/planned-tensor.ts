import { type GgmlType, knownType } from "../quant/ggml-types.js";
import { quote } from "../util/quote.js";
import type { TensorRule } from "./families/family.js";
import { nativeUnsupported } from "./native-errors.js";
import type { CheckpointTensor } from "./read-checkpoint.js";
import type { SourceType, StoredType, TargetType } from "./values/convert-values.js";

/** A contiguous range of checkpoint values with one conversion. */
export interface TensorSlice {
  path: string;
  /** Start of the data, in bytes from the start of the file. */
  offset: number;
  from: StoredType;
  /** Number of values. */
  elements: number;
  plusOne: boolean;
  /** Set where rows are reordered: rows per head and values per row. */
  head?: { rows: number; columns: number };
  /** Set for FP8. */
  scaled?: ScaledSlice;
}

/** Scales of the FP8 matrix that contains a slice, one for each block of `rows` by `columns`. */
export interface ScaledSlice {
  path: string;
  /** Start of the scales, in bytes from the start of their file. */
  offset: number;
  from: SourceType;
  elements: number;
  rows: number;
  columns: number;
  /** Values per row of the matrix. */
  rowLength: number;
  /** Start of the matrix, in bytes from the start of its file. */
  start: number;
}

/** One tensor of the GGUF file. */
export interface PlannedTensor {
  name: string;
  /** ggml order: `shape[0]` is the row length. */
  shape: readonly number[];
  type: GgmlType;
  /** Consecutive ranges of the checkpoint, or the values themselves as F32. */
  data: readonly TensorSlice[] | Float32Array<ArrayBuffer>;
}

/**
 * Returns the type that llama.cpp's converter uses for a tensor: `type` for matrices; F32 for vectors, norms and
 * routers, which ggml supports only as F32.
 */
export function typeOf(name: string, dimensions: number, type: TargetType): GgmlType {
  const plain = dimensions < 2 || name.endsWith("_norm.weight") || name.endsWith(".ffn_gate_inp.weight");
  return knownType(plain || !name.endsWith(".weight") ? "F32" : type);
}

/** Returns the range of a whole tensor. Throws QS-CONVERT-NATIVE for values other than BF16, F16, F32 or scaled FP8. */
export function toSlice(tensor: CheckpointTensor, rule: TensorRule): TensorSlice {
  const { path, offset, elements, shape } = tensor;
  const columns = shape[1] ?? 1;
  const head = rule.heads === undefined ? {} : { head: { rows: (shape[0] ?? 0) / rule.heads, columns } };
  const common = { path, offset, elements, plusOne: rule.plusOne === true, ...head };
  if (tensor.scales === undefined) return { ...common, from: sourceType(tensor) };
  const { tensor: scale, rows, columns: wide } = tensor.scales;
  const { path: file, offset: first, elements: count } = scale;
  const place = { path: file, offset: first, from: sourceType(scale), elements: count };
  return { ...common, from: "F8_E4M3", scaled: { ...place, rows, columns: wide, rowLength: columns, start: offset } };
}

function sourceType({ dtype, name }: CheckpointTensor): SourceType {
  if (dtype === "BF16" || dtype === "F16" || dtype === "F32") return dtype;
  throw nativeUnsupported(`does not support the dtype ${dtype} of tensor ${quote(name)}`);
}
