import type { GgmlType } from "./ggml-types.js";
import type { NativePool } from "./native-pool.js";
import { rowRanges } from "./row-ranges.js";
import type { Importance, SourceTensor } from "./source-tensor.js";

export interface RoundTripOptions {
  pool: NativePool;
  tensor: SourceTensor;
  to: GgmlType;
  /** The tensor's entry in the imatrix; types with `needsImatrix` require it. */
  importance?: Importance | undefined;
}

/**
 * Yields the tensor in its own type after a detour through `to`, in order, in pieces of a few MB: the same size as before,
 * with the damage of `to`. Written over the original it lets a probe measure what one tensor's type costs.
 * Throws QS-GGML-VALUES, QS-GGML-IMPORTANCE, and a RangeError when rows are not whole blocks of `to`.
 */
export async function* roundTripTensor(options: RoundTripOptions): AsyncGenerator<Uint8Array, void, void> {
  yield* options.pool.stream(tasks(options));
}

function* tasks({ tensor, importance, to }: RoundTripOptions) {
  for (const rows of rowRanges(tensor, importance)) yield { kind: "round-trip" as const, rows, to: to.name };
}
