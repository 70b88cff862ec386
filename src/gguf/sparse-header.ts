import { open } from "node:fs/promises";
import type { Gguf } from "./gguf.js";

/**
 * Writes a file with a model's header and a hole of the size of its weights behind: it takes no room, and simulations
 * cannot tell it from the model. `target` must not exist.
 */
export async function writeSparseHeader(gguf: Gguf, target: string): Promise<void> {
  const source = await open(gguf.path, "r");
  try {
    const header = Buffer.alloc(gguf.dataOffset);
    await source.read(header, 0, header.length, 0);
    await writeSparse(target, header, gguf.fileBytes);
  } finally {
    await source.close();
  }
}

/** Writes `bytes` and a hole up to `fileBytes`. `target` must not exist. */
export async function writeSparse(target: string, bytes: Uint8Array, fileBytes: number): Promise<void> {
  const file = await open(target, "wx");
  try {
    await file.writeFile(bytes);
    await file.truncate(fileBytes);
  } finally {
    await file.close();
  }
}
