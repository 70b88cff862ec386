import type { GgmlType } from "./ggml-types.js";

/** A tensor inside a file, as `readGguf` lists them, with the file's path. */
export interface SourceTensor {
  path: string;
  name: string;
  /** `shape[0]` is the row length; a third dimension counts experts. */
  shape: readonly number[];
  type: GgmlType;
  /** Where its data starts, in bytes from the start of the file. */
  offset: number;
}

/** How much each column of a tensor matters: what its imatrix entry says. */
export interface Importance {
  /** Mean squared activation per column, experts one after the other; 1 where an expert has no data. */
  values: Float32Array;
  /** Calibration tokens each expert saw; one number for a dense tensor. */
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

/** A tensor as rows: dimensions above the second count as experts, which llama.cpp stores one after the other. */
export function tensorRows({ shape }: Pick<SourceTensor, "shape">): TensorRows {
  const [columns = 1, rows = 1, ...others] = shape;
  return { columns, rows, experts: others.reduce((product, size) => product * size, 1) };
}

/** The weights of one expert; undefined when the tensor has none. */
export function expertImportance(
  importance: Importance | undefined,
  columns: number,
  expert: number,
): Float32Array<ArrayBuffer> | undefined {
  return importance && new Float32Array(importance.values.subarray(expert * columns, (expert + 1) * columns));
}

/**
 * True when calibration reached the tensor at all: without one counted token every weight is 1, and
 * types that need data would store rubbish that llama-quantize does not refuse.
 */
export function hasData(importance: Importance | undefined): importance is Importance {
  return importance?.tokens.some((count) => count > 0) ?? false;
}
