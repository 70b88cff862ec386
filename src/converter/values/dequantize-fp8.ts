/** Scales of a matrix, one for each block of `rows` by `columns`. */
export interface ScaledBlocks {
  scales: Float32Array;
  rows: number;
  columns: number;
  /** Values per row of the matrix. */
  rowLength: number;
}

/** The value of each FP8 with 4 bits of exponent and 3 of mantissa, bias 7, without infinity. */
const values = Float32Array.from({ length: 256 }, (_, byte) => {
  const exponent = (byte >> 3) & 15;
  const mantissa = byte & 7;
  const size = exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7);
  if ((byte & 0x7f) === 0x7f) return Number.NaN;
  return byte & 0x80 ? -size : size;
});

/** Writes the scaled values of a range of a matrix that starts at the value `first`, as 32-bit floats, to `target`. */
export function dequantizeFp8(source: Uint8Array, first: number, blocks: ScaledBlocks, target: Float32Array): void {
  const { scales, rows, columns, rowLength } = blocks;
  const perRow = Math.ceil(rowLength / columns);
  for (let done = 0; done < source.length; ) {
    const row = Math.floor((first + done) / rowLength);
    const column = (first + done) % rowLength;
    const scale = scales[Math.floor(row / rows) * perRow + Math.floor(column / columns)] ?? 0;
    const end = Math.min(source.length, done + Math.min(columns - (column % columns), rowLength - column));
    // The product of two 32-bit floats is exact, so it is rounded once.
    for (; done < end; done++) target[done] = (values[source[done] ?? 0] ?? 0) * scale;
  }
}
