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

/** Returns bytes per value for the dtypes that are checked for NaN and infinity, else undefined. */
export function valueBytes(dtype: string): number | undefined {
  return dtype === "F64" ? 8 : exponents.get(dtype)?.size;
}

/** Returns the index of the first NaN or infinity, or -1. `bytes` starts at a value, little-endian. */
export function findNonFinite(bytes: Buffer, dtype: string): number {
  if (dtype === "F64") return findDouble(bytes);
  const exponent = exponents.get(dtype);
  if (exponent === undefined) return -1;
  const { size, mask } = exponent;
  const values = view(bytes, size);
  for (let index = 0; index < values.length; index++) {
    if (((values[index] ?? 0) & mask) === mask) return index;
  }
  return -1;
}

/** Returns a view of whole values; the read buffer is aligned for typed arrays. */
function view(bytes: Buffer, size: number): Uint8Array | Uint16Array | Uint32Array {
  const count = Math.floor(bytes.length / size);
  if (size === 1) return bytes;
  return size === 2
    ? new Uint16Array(bytes.buffer, bytes.byteOffset, count)
    : new Uint32Array(bytes.buffer, bytes.byteOffset, count);
}

function findDouble(bytes: Buffer): number {
  for (let offset = 0; offset + 8 <= bytes.length; offset += 8) {
    if (!Number.isFinite(bytes.readDoubleLE(offset))) return offset / 8;
  }
  return -1;
}
