import { quote } from "../util/quote.js";
import { invalidGguf, truncatedGguf } from "./errors.js";
import type { GgufTensor } from "./gguf.js";

/** Rounds `offset` up to a multiple of `alignment`, both in bytes. */
export function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** End of the last tensor's padding if tensors are contiguous, in bytes from the start of the file. */
export function packedEnd(tensors: readonly GgufTensor[], dataOffset: number, alignment: number): number {
  return tensors.reduce((end, { bytes }) => end + alignUp(bytes, alignment), dataOffset);
}

/** The data section according to the tensor table; sizes and offsets in bytes. */
export interface DataSection {
  path: string;
  fileBytes: number;
  dataOffset: number;
  alignment: number;
}

/**
 * Converts offsets in the data section to offsets in the file, and verifies that all tensors are inside the file and none
 * overlap. Throws QS-GGUF-TRUNCATED if a tensor ends beyond the file but within the contiguous size of all tensors, else
 * QS-GGUF-INVALID.
 */
export function placeTensors(tensors: readonly GgufTensor[], section: DataSection): GgufTensor[] {
  const { path, fileBytes, dataOffset, alignment } = section;
  const placed = tensors.map((tensor) => ({ ...tensor, offset: dataOffset + tensor.offset }));
  const lastEnd = packedEnd(tensors, dataOffset, alignment);
  let previous: GgufTensor | undefined;
  for (const tensor of placed.toSorted((a, b) => a.offset - b.offset || a.bytes - b.bytes)) {
    const { name, offset, bytes } = tensor;
    const end = offset + bytes;
    if (previous !== undefined && offset < previous.offset + previous.bytes) {
      const what = `the tensors ${quote(previous.name)} and ${quote(name)} overlap`;
      throw invalidGguf(path, "tensor-overlap", offset, what);
    }
    if (end > fileBytes && end > lastEnd) {
      const what = `the tensor ${quote(name)} ends at byte ${end}, beyond the file and the total size of its tensors`;
      throw invalidGguf(path, "offset-range", offset, what);
    }
    if (end > fileBytes) throw truncatedGguf(path, fileBytes, end, `the tensor ${quote(name)}`);
    previous = tensor;
  }
  return placed;
}
