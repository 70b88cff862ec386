/**
 * Reorders the rows of whole heads: the first row of the first half, the first of the second, the second of the first,
 * and so on. Hugging Face keeps the two values that a rotary embedding turns together half a head apart, llama.cpp's
 * `llama` architecture one after the other (`LlamaModel.permute` in its converter). `rows` per head is even.
 */
export function interleaveHeads(source: Uint8Array, target: Uint8Array, rows: number, rowBytes: number): void {
  const half = rows / 2;
  for (let head = 0; head < source.length; head += rows * rowBytes) {
    for (let row = 0; row < rows; row++) {
      const from = head + row * rowBytes;
      const to = head + ((row % half) * 2 + Math.floor(row / half)) * rowBytes;
      target.set(source.subarray(from, from + rowBytes), to);
    }
  }
}
