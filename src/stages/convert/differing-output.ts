import { open } from "node:fs/promises";
import type { Gguf } from "../../gguf/gguf.js";

const pieceBytes = 2 ** 20;

/** Returns whether a file contains an output matrix whose values differ from those of its embedding. */
export async function differingOutput({ tensors }: Pick<Gguf, "tensors">, path: string): Promise<boolean> {
  const output = tensors.find(({ name }) => name === "output.weight");
  const embedding = tensors.find(({ name }) => name === "token_embd.weight");
  if (output === undefined || embedding === undefined) return false;
  if (output.bytes !== embedding.bytes || output.type !== embedding.type) return true;
  const file = await open(path, "r");
  try {
    for (let done = 0; done < output.bytes; done += pieceBytes) {
      const length = Math.min(pieceBytes, output.bytes - done);
      const read = (start: number) => file.read(Buffer.alloc(length), 0, length, start + done);
      const [ours, others] = await Promise.all([read(output.offset), read(embedding.offset)]);
      if (!ours.buffer.equals(others.buffer)) return true;
    }
    return false;
  } finally {
    await file.close();
  }
}
