import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Gguf } from "../../src/gguf/gguf.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { writeSparseGguf } from "../../src/gguf/write-sparse-gguf.js";
import { measureMemories } from "../../src/hardware/memory/measure-memory.js";
import type { BenchFile } from "./bench-files.js";

/** Files that hold their header only against the whole files: the same figures, or the number of files that differ. */
export async function compareHeaders(files: readonly BenchFile[], print: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  const cache = process.env.QUANTSMITH_CACHE;
  try {
    const headers = files.map((_, i) => join(folder, `${i}.gguf`));
    for (const [i, file] of files.entries()) await copySparseGguf(await readGguf(file.path), headers[i] ?? "");
    const whole = await measureMemories(files.map(({ path }) => path));
    // An empty cache, or the second answer would be the first.
    process.env.QUANTSMITH_CACHE = join(folder, "cache");
    const header = await measureMemories(headers);
    const same = whole.filter((memory, i) => isDeepStrictEqual(memory, header[i])).length;
    print(`header only equals the whole file: ${same} of ${files.length} files`);
  } finally {
    if (cache === undefined) delete process.env.QUANTSMITH_CACHE;
    else process.env.QUANTSMITH_CACHE = cache;
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes a sparse file with the header of another one, byte for byte. */
async function copySparseGguf(gguf: Gguf, path: string): Promise<void> {
  const source = await open(gguf.path, "r");
  try {
    const bytes = Buffer.alloc(gguf.dataOffset);
    await source.read(bytes, 0, bytes.length, 0);
    await writeSparseGguf(path, { bytes, fileBytes: gguf.fileBytes });
  } finally {
    await source.close();
  }
}
