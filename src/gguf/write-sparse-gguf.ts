import { open } from "node:fs/promises";
import type { EncodedHeader } from "./encode-header.js";

/**
 * Writes a sparse GGUF file: the header, followed by a hole of the size of the data. For programs that read only the
 * header it is equivalent to the whole file. `path` must not exist. Throws system errors.
 */
export async function writeSparseGguf(
  path: string,
  { bytes, fileBytes }: Pick<EncodedHeader, "bytes" | "fileBytes">,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.truncate(fileBytes);
  } finally {
    await file.close();
  }
}
