import type { GgmlType } from "./ggml-types.js";
import type { NativePool } from "./native-pool.js";
import { rowRanges } from "./row-ranges.js";
import type { Importance, SourceTensor } from "./source-tensor.js";

export interface QuantizeTensorOptions {
  pool: NativePool;
  tensor: SourceTensor;
  to: GgmlType;
  /** The tensor's imatrix entry; required for types with `needsImatrix`. */
  importance?: Importance | undefined;
}

/**
 * Yields the bytes that llama-quantize would store for a tensor in type `to`, in chunks of a few MB.
 * Throws QS-GGML-VALUES, QS-GGML-IMPORTANCE, and a RangeError if rows are not whole blocks of `to`.
 */
export async function* quantizeTensor(options: QuantizeTensorOptions): AsyncGenerator<Uint8Array, void, void> {
  yield* options.pool.stream(tasks("quantize", options));
}

/**
 * Yields the tensor in its own type after conversion to `to` and back: the size of the original with the error of `to`.
 * A probe overwrites the original with it to measure the effect of one tensor's type. Errors as `quantizeTensor`.
 */
export async function* roundTripTensor(options: QuantizeTensorOptions): AsyncGenerator<Uint8Array, void, void> {
  yield* options.pool.stream(tasks("round-trip", options));
}

function* tasks<Kind extends "quantize" | "round-trip">(kind: Kind, options: QuantizeTensorOptions) {
  for (const rows of rowRanges(options.tensor, options.importance)) yield { kind, rows, to: options.to.name };
}
