import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Gguf } from "../../src/gguf/gguf.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { writeSparseGguf } from "../../src/gguf/write-sparse-gguf.js";
import { measureMemories } from "../../src/hardware/memory/measure-memory.js";
import type { BenchFile } from "./bench-files.js";

/** Compares predictions from header-only files with those from whole files, and prints the number of equal ones. */
export async function compareHeaders(files: readonly BenchFile[], print: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  const cache = process.env.QUANTSMITH_CACHE;
  try {
    const headers = files.map((_, i) => join(folder, `${i}.gguf`));
    for (const [i, file] of files.entries()) await copySparseGguf(await readGguf(file.path), headers[i] ?? "");
    const whole = await measureMemories(files.map(({ path }) => path));
    // Clears the cache, since the second prediction would come from it.
    process.env.QUANTSMITH_CACHE = join(folder, "cache");
    const header = await measureMemories(headers);
    const same = whole.filter((memory, i) => isDeepStrictEqual(memory, header[i])).length;
    print(`headers and whole files give equal predictions: ${same} of ${files.length} files`);
  } finally {
    if (cache === undefined) delete process.env.QUANTSMITH_CACHE;
    else process.env.QUANTSMITH_CACHE = cache;
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes a sparse file with the exact header of another file. */
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
