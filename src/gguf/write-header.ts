import { open } from "node:fs/promises";
import type { EncodedHeader } from "./encode-header.js";

/**
 * Writes a GGUF file that holds its header and, where its tensors would lie, a hole of the right size: what asks for
 * sizes and not for weights cannot tell the difference. `path` must not exist.
 */
export async function writeHeaderOnly(path: string, { bytes, fileBytes }: EncodedHeader): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.truncate(fileBytes);
  } finally {
    await file.close();
  }
}
