import type { GgmlType } from "./ggml-types.js";

/** A tensor from `readGguf`, with the path of its file. */
export interface SourceTensor {
  path: string;
  name: string;
  /** `shape[0]` is the row length; a third dimension is the number of experts. */
  shape: readonly number[];
  type: GgmlType;
  /** Start of the data, in bytes from the start of the file. */
  offset: number;
}

/** Importance of a tensor's columns, from its imatrix entry. */
export interface Importance {
  /** Mean squared activation per column, concatenated over experts; 1 for an expert without data. */
  values: Float32Array;
  /** Calibration tokens per expert; one number for a dense tensor. */
  tokens: Float32Array;
}

export interface TensorRows {
  /** Values per row. */
  columns: number;
  /** Rows of one expert. */
  rows: number;
  /** 1 for a dense tensor. */
  experts: number;
}

/** Returns a tensor's dimensions as rows. Dimensions above the second are experts, which llama.cpp stores contiguously. */
export function tensorRows({ shape }: Pick<SourceTensor, "shape">): TensorRows {
  const [columns = 1, rows = 1, ...others] = shape;
  return { columns, rows, experts: others.reduce((product, size) => product * size, 1) };
}

/** Returns the column weights of one expert; undefined if the tensor has none. */
export function expertImportance(
  importance: Importance | undefined,
  columns: number,
  expert: number,
): Float32Array<ArrayBuffer> | undefined {
  return importance && new Float32Array(importance.values.subarray(expert * columns, (expert + 1) * columns));
}

/**
 * Returns true if calibration counted at least one token for the tensor. Otherwise all weights are 1, and types that
 * require an imatrix would store unusable data, which llama-quantize does not reject.
 */
export function hasData(importance: Importance | undefined): importance is Importance {
  return importance?.tokens.some((count) => count > 0) ?? false;
}
