import { quote } from "../util/quote.js";
import { invalidGguf, truncatedGguf } from "./errors.js";
import type { GgufTensor } from "./gguf.js";

/** `offset` raised to the next multiple of `alignment`, both in bytes. */
export function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** Where the last tensor's padding ends when tensors lie one behind the other. Bytes from the start of the file. */
export function packedEnd(tensors: readonly GgufTensor[], dataOffset: number, alignment: number): number {
  return tensors.reduce((end, { bytes }) => end + alignUp(bytes, alignment), dataOffset);
}

/** Where the tensor table of a file says its data is. */
export interface DataSection {
  path: string;
  fileBytes: number;
  dataOffset: number;
  alignment: number;
}

/**
 * Turns offsets into the data section into offsets into the file, and proves that every tensor lies
 * inside the file and that none overlap. Throws QS-GGUF-TRUNCATED when the tensors would fit, packed,
 * into a longer file, QS-GGUF-INVALID when an offset points where no writer puts data.
 */
export function placeTensors(tensors: readonly GgufTensor[], section: DataSection): GgufTensor[] {
  const { path, fileBytes, dataOffset, alignment } = section;
  const placed = tensors.map((tensor) => ({ ...tensor, offset: dataOffset + tensor.offset }));
  const lastEnd = packedEnd(tensors, dataOffset, alignment);
  let previous: GgufTensor | undefined;
  for (const tensor of placed.toSorted((a, b) => a.offset - b.offset)) {
    const { name, offset, bytes } = tensor;
    const end = offset + bytes;
    if (previous !== undefined && offset < previous.offset + previous.bytes) {
      const what = `the tensors ${quote(previous.name)} and ${quote(name)} overlap`;
      throw invalidGguf(path, "tensor-overlap", offset, what);
    }
    if (end > fileBytes && end > lastEnd) {
      const what = `the tensor ${quote(name)} ends at byte ${end}, beyond the file and all its tensors together`;
      throw invalidGguf(path, "offset-range", offset, what);
    }
    if (end > fileBytes) throw truncatedGguf(path, fileBytes, end, `the tensor ${quote(name)}`);
    previous = tensor;
  }
  return placed;
}
