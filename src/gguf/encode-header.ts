import { type GgmlType, rowBytes } from "../quant/ggml-types.js";
import type { GgufScalar, GgufScalarType, GgufTensor, GgufValue } from "./gguf.js";
import { alignUp } from "./place-tensors.js";
import { arrayTypeId, fixedTypeByName, stringTypeId } from "./value-types.js";

export interface HeaderPlan {
  /** In the order of the file. */
  metadata: ReadonlyMap<string, GgufValue>;
  /** In the order of the table and of the data. */
  tensors: readonly { name: string; shape: readonly number[]; type: GgmlType }[];
}

export interface EncodedHeader {
  /** The file up to the first tensor, padding included. */
  bytes: Buffer;
  /** End of the tensor table, where padding begins. */
  endBytes: number;
  /** Contiguous, with offsets from the start of the file. */
  tensors: GgufTensor[];
  /** Bytes; from `general.alignment`, default 32. */
  alignment: number;
  fileBytes: number;
}

/** Lays out a GGUF file of version 3 like gguf.cpp and encodes its header. */
export function encodeHeader({ metadata, tensors }: HeaderPlan): EncodedHeader {
  const alignment = Number(scalarValue(metadata.get("general.alignment")) ?? 32);
  const fixed = Buffer.alloc(24);
  fixed.write("GGUF", "latin1");
  fixed.writeUInt32LE(3, 4);
  fixed.writeBigUInt64LE(BigInt(tensors.length), 8);
  fixed.writeBigUInt64LE(BigInt(metadata.size), 16);
  const parts = [fixed, ...[...metadata].flatMap(([key, value]) => [encodeStrings([key]), ...encodeValue(value)])];
  let next = 0;
  const placed = tensors.map(({ name, shape, type }) => {
    const offset = next;
    const bytes = rowBytes(type, shape[0] ?? 1) * shape.slice(1).reduce((product, size) => product * size, 1);
    next = alignUp(offset + bytes, alignment);
    parts.push(encodeStrings([name]), u32(shape.length), ...shape.map(u64), u32(type.id), u64(offset));
    return { name, shape, type, offset, bytes };
  });
  const end = parts.reduce((sum, part) => sum + part.length, 0);
  // Without tensors there is no data section to pad to, as in `readGguf`.
  const dataOffset = tensors.length === 0 ? end : alignUp(end, alignment);
  return {
    bytes: Buffer.concat(parts, dataOffset),
    endBytes: end,
    tensors: placed.map((tensor) => ({ ...tensor, offset: tensor.offset + dataOffset })),
    alignment,
    fileBytes: dataOffset + next,
  };
}

function scalarValue(entry: GgufValue | undefined): GgufScalar | undefined {
  return entry === undefined || entry.type === "array" ? undefined : entry.value;
}

function encodeValue(value: GgufValue): Buffer[] {
  if (value.type !== "array") return [u32(typeId(value.type)), encodeItems(value.type, [value.value])];
  const { itemType, items } = value;
  return [u32(arrayTypeId), u32(typeId(itemType)), u64(items.length), encodeItems(itemType, items)];
}

function typeId(type: GgufScalarType): number {
  return fixedTypeByName(type)?.id ?? stringTypeId;
}

function encodeItems(type: GgufScalarType, items: readonly GgufScalar[]): Buffer {
  const format = fixedTypeByName(type);
  if (format === undefined) return encodeStrings(items.map(String));
  const buffer = Buffer.alloc(items.length * format.bytes);
  for (const [i, item] of items.entries()) format.write(buffer, item, i * format.bytes);
  return buffer;
}

/** One buffer for all strings: a vocabulary has hundreds of thousands. */
function encodeStrings(texts: readonly string[]): Buffer {
  const buffer = Buffer.alloc(texts.reduce((sum, text) => sum + 8 + Buffer.byteLength(text), 0));
  let at = 0;
  for (const text of texts) {
    const bytes = buffer.write(text, at + 8, "utf8");
    buffer.writeBigUInt64LE(BigInt(bytes), at);
    at += 8 + bytes;
  }
  return buffer;
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function u64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}
