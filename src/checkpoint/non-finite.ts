/** Mask of the exponent bits, all set in NaN and infinity, by dtype of one, two or four bytes. */
const exponents = new Map([
  ["F16", { size: 2, mask: 0x7c00 }],
  ["BF16", { size: 2, mask: 0x7f80 }],
  ["F32", { size: 4, mask: 0x7f800000 }],
  ["C64", { size: 4, mask: 0x7f800000 }],
  ["F8_E5M2", { size: 1, mask: 0x7c }],
  // No infinity; NaN is all ones.
  ["F8_E4M3", { size: 1, mask: 0x7f }],
]);

/** Blocks of values in a GGUF file: a scale, which is E8M0 or F16, and codes. */
const blocks = new Map([
  ["MXFP4", { bytes: 17, values: 32 }],
  ["Q8_0", { bytes: 34, values: 32 }],
]);

/** E8M0 of 2^126. From it on, the largest values of MXFP4, six times the scale, are infinite; 255 is NaN. */
const infiniteScale = 253;

/** What a tensor consists of: single values or blocks of them. */
export interface ValueUnit {
  bytes: number;
  values: number;
}

/** Returns the unit of the dtypes that are checked for NaN and infinity, else undefined. */
export function valueUnit(dtype: string): ValueUnit | undefined {
  const block = blocks.get(dtype);
  if (block !== undefined) return block;
  const bytes = dtype === "F64" ? 8 : dtype === "F8_E8M0" ? 1 : exponents.get(dtype)?.size;
  return bytes === undefined ? undefined : { bytes, values: 1 };
}

/**
 * Returns the index of the first NaN or infinity, or of the first value of a block with such a scale; -1 without one.
 * `bytes` starts at a unit, little-endian, aligned to 4 bytes.
 */
export function findNonFinite(bytes: Buffer, dtype: string): number {
  if (dtype === "F64") return findDouble(bytes);
  const isInfinite = (offset: number) => (bytes[offset] ?? 0) >= infiniteScale;
  const isHalfInfinite = (offset: number) => ((bytes[offset + 1] ?? 0) & 0x7c) === 0x7c;
  const unit = blocks.get(dtype);
  if (unit !== undefined) return findScale(bytes, unit, dtype === "Q8_0" ? isHalfInfinite : isInfinite);
  if (dtype === "F8_E8M0") return findScale(bytes, { bytes: 1, values: 1 }, isInfinite);
  const exponent = exponents.get(dtype);
  if (exponent === undefined) return -1;
  const { size, mask } = exponent;
  const start = findWord(new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2), exponent);
  for (let offset = start * 4; offset + size <= bytes.length; offset += size) {
    if ((bytes.readUIntLE(offset, size) & mask) === mask) return offset / size;
  }
  return -1;
}

/** Returns the index of the first word with a NaN or infinity, or the number of words. Tests all values of a word at once. */
function findWord(words: Int32Array, { size, mask }: { size: number; mask: number }): number {
  const copies = { 1: 0x01010101, 2: 0x00010001, 4: 1 }[size] ?? 1;
  const masks = Math.imul(mask, copies);
  const tops = Math.imul(2 ** (8 * size - 1), copies);
  const below = ~tops;
  let index = 0;
  // The sum has the top bit of every value whose exponent bits are not all set.
  while (index < words.length && ((((((words[index] ?? 0) & masks) ^ masks) + below) | 0) & tops) === tops) index += 1;
  return index;
}

function findDouble(bytes: Buffer): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, (bytes.length >> 3) * 2);
  for (let high = 1; high < words.length; high += 2) {
    if (((words[high] ?? 0) & 0x7ff00000) === 0x7ff00000) return (high - 1) / 2;
  }
  return -1;
}

function findScale(bytes: Buffer, unit: ValueUnit, isInfinite: (offset: number) => boolean): number {
  for (let offset = 0; offset < bytes.length; offset += unit.bytes) {
    if (isInfinite(offset)) return (offset / unit.bytes) * unit.values;
  }
  return -1;
}

/** Returns the index of the first value below zero, or -1. `bytes` starts at a value, little-endian. E8M0 has no sign. */
export function findNegative(bytes: Buffer, dtype: string): number {
  const size = exponents.get(dtype)?.size;
  if (size === undefined) return -1;
  for (let offset = 0; offset + size <= bytes.length; offset += size) {
    const isSigned = (bytes[offset + size - 1] ?? 0) >= 0x80;
    const isZero = () => bytes.readUIntLE(offset, size) === 2 ** (8 * size - 1);
    if (isSigned && !isZero()) return offset / size;
  }
  return -1;
}

/**
 * The largest FP8 weight with such a scale, 448 times as large, exceeds the largest F16. A scale is the largest weight divided by
 * 448, or by 127 and less for integers, and weights are far below 1000; a checkpoint with the reciprocals of its scales has such
 * ones.
 */
export const hugeScale = 256;

/** The bits of `hugeScale`, which are below those of every larger value. */
const hugeBits = new Map([
  ["F16", 0x5c00],
  ["BF16", 0x4380],
  ["F32", 0x43800000],
  ["F8_E8M0", 135],
]);

/** Returns the index of the first value of at least `hugeScale`, without its sign, or -1. `bytes` starts at a value, little-endian. */
export function findHugeScale(bytes: Buffer, dtype: string): number {
  const limit = hugeBits.get(dtype);
  if (limit === undefined) return -1;
  const { size } = exponents.get(dtype) ?? { size: 1 };
  const sign = dtype === "F8_E8M0" ? 256 : 2 ** (8 * size - 1);
  for (let offset = 0; offset + size <= bytes.length; offset += size) {
    if (bytes.readUIntLE(offset, size) % sign >= limit) return offset / size;
  }
  return -1;
}
