import { open } from "node:fs/promises";
import type { EncodedHeader } from "./encode-header.js";
import type { Gguf } from "./gguf.js";

/**
 * Writes a GGUF file that has a header and no data: a hole of the right size follows, which takes no disk. Programs that
 * only ask where a model's bytes go cannot tell it from the whole file. `path` must not exist. System errors pass.
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

/** The same with the header of a file that is there, byte for byte. */
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
