import type { GgmlType } from "./ggml-types.js";
import type { NativePool } from "./native-pool.js";
import { rowRanges } from "./row-ranges.js";
import type { Importance, SourceTensor } from "./source-tensor.js";

export interface QuantizeTensorOptions {
  pool: NativePool;
  tensor: SourceTensor;
  to: GgmlType;
  /** What the imatrix says about the tensor; types with `needsImatrix` cannot do without. */
  importance?: Importance | undefined;
}

/**
 * The bytes llama-quantize would store for a tensor of type `to`, in order, in pieces of a few MB.
 * Throws QS-GGML-VALUES, QS-GGML-IMPORTANCE, and a RangeError when rows are not whole blocks of `to`.
 */
export async function* quantizeTensor(options: QuantizeTensorOptions): AsyncGenerator<Uint8Array, void, void> {
  yield* options.pool.stream(tasks("quantize", options));
}

/**
 * The tensor in its own type after a detour through `to`: the same size as before, with the damage of `to`.
 * Written over the original it lets a probe measure what one tensor's type costs.
 */
export async function* roundTripTensor(options: QuantizeTensorOptions): AsyncGenerator<Uint8Array, void, void> {
  yield* options.pool.stream(tasks("round-trip", options));
}

function* tasks<Kind extends "quantize" | "round-trip">(kind: Kind, options: QuantizeTensorOptions) {
  for (const rows of rowRanges(options.tensor, options.importance)) yield { kind, rows, to: options.to.name };
}
