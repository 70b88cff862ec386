import { type GgmlType, ggmlTypeById, rowBytes } from "../quant/ggml-types.js";
import { quote } from "../util/quote.js";
import { invalidGguf } from "./errors.js";
import type { GgufTensor } from "./gguf.js";
import type { HeaderReader } from "./header-reader.js";
import { maxDimensions } from "./limits.js";
import { readName } from "./read-string.js";

/**
 * Reads `count` entries of the tensor table. The returned offsets are relative to the data section, whose position is only
 * known after the table. Throws QS-GGUF-INVALID and QS-GGUF-TRUNCATED.
 */
export async function readTensors(reader: HeaderReader, count: number, alignment: number): Promise<GgufTensor[]> {
  const tensors: GgufTensor[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const at = reader.position;
    const name = await readName(reader, reader.limits.tensorNameBytes, "tensor-name", `the name of tensor ${i}`);
    if (names.has(name)) {
      throw invalidGguf(reader.path, "duplicate-tensor", at, `the tensor ${quote(name)} occurs twice`);
    }
    names.add(name);
    const shape = await readShape(reader, name);
    const type = await readType(reader, name);
    const bytes = tensorBytes(reader, name, shape, type);
    await reader.need(8);
    const offsetAt = reader.position;
    const offset = reader.u64();
    if (offset > Number.MAX_SAFE_INTEGER) {
      throw invalidGguf(
        reader.path,
        "offset-range",
        offsetAt,
        `the tensor ${quote(name)} starts at offset ${offset}, beyond 2^53`,
      );
    }
    if (offset % alignment !== 0) {
      const what = `the tensor ${quote(name)} starts at offset ${offset}, which is not a multiple of the alignment ${alignment}`;
      throw invalidGguf(reader.path, "offset-alignment", offsetAt, what);
    }
    tensors.push({ name, shape, type, offset, bytes });
  }
  return tensors;
}

async function readShape(reader: HeaderReader, name: string): Promise<number[]> {
  const at = reader.position;
  await reader.need(4);
  const dimensions = reader.u32();
  if (dimensions > maxDimensions) {
    const what = `the tensor ${quote(name)} has ${dimensions} dimensions, more than ${maxDimensions}`;
    throw invalidGguf(reader.path, "dimensions", at, what);
  }
  await reader.need(8 * dimensions);
  const shape = Array.from({ length: dimensions }, () => reader.u64());
  let elements = 1;
  for (const size of shape) {
    // Divide instead of multiply: the product might not be exact.
    if (size > Number.MAX_SAFE_INTEGER / elements) {
      throw invalidGguf(reader.path, "tensor-size", at + 4, `the tensor ${quote(name)} has more than 2^53 values`);
    }
    elements *= size;
  }
  return shape;
}

async function readType(reader: HeaderReader, name: string): Promise<GgmlType> {
  const at = reader.position;
  await reader.need(4);
  const id = reader.u32();
  const type = ggmlTypeById(id);
  if (type !== undefined) return type;
  throw invalidGguf(
    reader.path,
    "tensor-type",
    at,
    `the tensor ${quote(name)} has type number ${id}, which the pinned llama.cpp does not support`,
    "If a newer llama.cpp wrote the file, use a quantsmith that pins that version. Otherwise the file is damaged.",
  );
}

function tensorBytes(reader: HeaderReader, name: string, shape: readonly number[], type: GgmlType): number {
  const row = shape[0] ?? 1;
  const elements = shape.reduce((product, size) => product * size, 1);
  if (row % type.blockSize !== 0) {
    const what = `the row length ${row} of the tensor ${quote(name)} is not a multiple of ${type.blockSize}, the block size of ${type.name}`;
    throw invalidGguf(reader.path, "row-size", reader.position, what);
  }
  const bytes = rowBytes(type, elements);
  if (bytes > Number.MAX_SAFE_INTEGER) {
    throw invalidGguf(
      reader.path,
      "tensor-size",
      reader.position,
      `the tensor ${quote(name)} is larger than 2^53 bytes`,
    );
  }
  return bytes;
}
