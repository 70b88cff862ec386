import type { GgufTensor } from "../../gguf/gguf.js";
import type { PlannedTensor, TensorSlice } from "../planned-tensor.js";
import { type TargetType, valueBytes } from "../values/convert-values.js";

/** A piece of work for one thread: values of a checkpoint to be converted and written to their place. */
export interface WriteJob extends TensorSlice {
  to: TargetType;
  /** Where they go, in bytes from the start of the written file. */
  at: number;
}

/** Values per job: 16 MB of 16 bits, so that threads end at about the same time and a job is worth a message. */
const jobValues = 2 ** 23;

/** All that is to be copied out of the checkpoint, in the order of the file. `places` are those of `tensors`. */
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

/** About `values` values; whole heads where their rows change places, and at least one. */
export function roundToHeads({ head }: Pick<TensorSlice, "head">, values: number): number {
  if (head === undefined) return values;
  const one = head.rows * head.columns;
  return Math.max(1, Math.floor(values / one)) * one;
}
