import { open } from "node:fs/promises";
import type { EncodedHeader } from "./encode-header.js";
import type { Gguf } from "./gguf.js";

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

/** Writes a sparse copy of an existing file, with a byte-identical header. */
export async function copySparseGguf(gguf: Gguf, path: string): Promise<void> {
  const source = await open(gguf.path, "r");
  try {
    const bytes = Buffer.alloc(gguf.dataOffset);
    await source.read(bytes, 0, bytes.length, 0);
    await writeSparseGguf(path, { bytes, fileBytes: gguf.fileBytes });
  } finally {
    await source.close();
  }
}
