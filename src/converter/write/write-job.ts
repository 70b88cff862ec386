import type { GgufTensor } from "../../gguf/gguf.js";
import type { PlannedTensor, TensorSlice } from "../planned-tensor.js";
import { type TargetType, valueBytes } from "../values/convert-values.js";

/** A unit of work for one thread: a range of checkpoint values to convert and write. */
export interface WriteJob extends TensorSlice {
  to: TargetType;
  /** Target offset, in bytes from the start of the GGUF file. */
  at: number;
}

/** Values per job, 16 MB of 16-bit values: small enough to balance threads, large enough to justify a message. */
const jobValues = 2 ** 23;

/** Yields the jobs for all checkpoint tensors, in file order. `places` are the GGUF entries of `tensors`. */
export function* writeJobs(
  tensors: readonly PlannedTensor[],
  places: readonly GgufTensor[],
): Generator<WriteJob, void, void> {
  for (const [i, { data, type }] of tensors.entries()) {
    if (data instanceof Float32Array) continue;
    const to = type.name as TargetType;
    let at = places[i]?.offset ?? 0;
    for (const slice of data) {
      const step = roundToHeads(slice, jobValues);
      for (let done = 0; done < slice.elements; done += step) {
        const elements = Math.min(step, slice.elements - done);
        yield { ...slice, elements, offset: slice.offset + done * valueBytes(slice.from), to, at };
        at += elements * valueBytes(to);
      }
    }
  }
}

/** Rounds `values` down to whole heads, at least one, where rows are reordered. */
export function roundToHeads({ head }: Pick<TensorSlice, "head">, values: number): number {
  if (head === undefined) return values;
  const one = head.rows * head.columns;
  return Math.max(1, Math.floor(values / one)) * one;
}
