/** Sign bits of the two values in a word. */
const signs = 0x80008000 | 0;
/** 2^-14, the smallest normal half, as a bfloat16; bits set after subtracting it from a magnitude of 4 or more. */
const least = 0x38803880;
const beyond = 0x78007800;
/** Difference of the exponent biases, 127 and 15. */
const rebase = 0x38003800;

/**
 * Converts bfloat16 to half, four values at a time if all magnitudes are from 2^-14 to below 4, as for nearly all weights:
 * a half represents these exactly, so nothing is rounded. `table` contains the results for all other values. Both
 * arrays start at a multiple of four bytes and have the same length.
 */
export function bfloatsToHalves(values: Uint16Array, out: Uint16Array, table: ArrayLike<number>): void {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length >>> 1);
  const results = new Int32Array(out.buffer, out.byteOffset, words.length);
  const whole = words.length & ~1;
  for (let i = 0; i < whole; i += 2) {
    const a = words[i] ?? 0;
    const b = words[i + 1] ?? 0;
    const sizeA = a & ~signs;
    const sizeB = b & ~signs;
    // A smaller or larger value sets a bit of `beyond`.
    if (((((sizeA | signs) - least) | ((sizeB | signs) - least)) & beyond) === 0) {
      results[i] = (a & signs) | ((sizeA - rebase) << 3);
      results[i + 1] = (b & signs) | ((sizeB - rebase) << 3);
    } else {
      results[i] = byTable(a, table);
      results[i + 1] = byTable(b, table);
    }
  }
  for (let i = whole * 2; i < values.length; i++) out[i] = table[values[i] ?? 0] ?? 0;
}

function byTable(word: number, table: ArrayLike<number>): number {
  return (table[word & 0xffff] ?? 0) | ((table[word >>> 16] ?? 0) << 16);
}
