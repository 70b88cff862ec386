/** Both halves of a word hold one value each. */
const signs = 0x80008000 | 0;
/** The least and the largest bfloat16 that are normal numbers as halves, too: 2^-14 and the last one below 2^16. */
const least = 0x38803880;
const most = 0x477f477f;
/** Exponents count from -127 and from -15. */
const rebase = 0x38003800;

/**
 * Converts bfloat16 to 16-bit floats, two at once where both are normal numbers as halves: those have room for every bit
 * of the fraction, so nothing is rounded. `table` has the results for all others, which are few in a model. Both arrays
 * begin at a multiple of four bytes and have the same length.
 */
export function bfloatsToHalves(values: Uint16Array, out: Uint16Array, table: ArrayLike<number>): void {
  const pairs = new Int32Array(values.buffer, values.byteOffset, values.length >>> 1);
  const results = new Int32Array(out.buffer, out.byteOffset, pairs.length);
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i] ?? 0;
    const size = pair & ~signs;
    // A half's upper bit is still set after each subtraction when its value lies between the two.
    const fits = ((size | signs) - least) & ((most | signs) - size) & signs;
    results[i] =
      fits === signs
        ? (pair & signs) | ((size - rebase) << 3)
        : (table[pair & 0xffff] ?? 0) | ((table[pair >>> 16] ?? 0) << 16);
  }
  if (values.length % 2 !== 0) out[values.length - 1] = table[values.at(-1) ?? 0] ?? 0;
}
