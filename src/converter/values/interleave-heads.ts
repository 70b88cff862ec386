/**
 * Interleaves the two halves of each head's rows. Hugging Face stores the two values of a rotary pair half a head apart,
 * llama.cpp's `llama` architecture next to each other (`LlamaModel.permute` in its converter). `rows` per head is even.
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
