import { cpus } from "node:os";
import path from "node:path";
import * as z from "zod";
import type { Gguf } from "../../gguf/gguf.js";
import { findPinnedPackage } from "../../llamacpp/toolchain/pinned-package.js";
import { cacheFolder } from "../../util/cache-folder.js";
import { makeFolder, writeFileAtomic } from "../../util/files.js";
import { openRegular, readRegular } from "../../util/regular-file.js";
import { sha256 } from "../../util/sha256.js";
import type { MemoryConfiguration } from "./memory.js";
import type { SimulatedHeader } from "./simulate-headers.js";

/** Increase when this program would compute another result for the same input. */
const revision = 4;

const bytes = z.number().min(0);
/** An entry, whose lists are in the order of the configurations. */
const entry = z.object({
  weights: bytes,
  runs: z.array(z.object({ kv: bytes, compute: bytes }).nullable()),
  layers: z.array(bytes.nullable()),
});

/**
 * Stores simulations in the user's cache folder, one small file each. The name is a digest of all inputs: the header's
 * bytes, the file size, the configurations, the engine, and the CPU, which determines the layout of weights.
 */
export class MemoryCache {
  readonly #folder: string;
  readonly #engine: string;

  private constructor(folder: string, engine: string) {
    this.#folder = folder;
    this.#engine = engine;
  }

  static async open(): Promise<MemoryCache> {
    const { packageVersion, llamaCppVersion, platform } = await findPinnedPackage();
    const engine = [revision, packageVersion, llamaCppVersion, platform, cpus()[0]?.model ?? ""].join(" ");
    return new MemoryCache(path.join(cacheFolder(), "memory"), engine);
  }

  async key(gguf: Gguf, runs: readonly MemoryConfiguration[]): Promise<string> {
    const file = await openRegular(gguf.path);
    try {
      const header = Buffer.alloc(gguf.dataOffset);
      await file.read(header, 0, header.length, 0);
      return sha256(JSON.stringify([this.#engine, sha256(header), gguf.fileBytes, runs]));
    } finally {
      await file.close();
    }
  }

  /** Undefined if the entry for `runs` configurations is missing or damaged; the caller then simulates again. */
  async read(key: string, runs: number): Promise<SimulatedHeader | undefined> {
    try {
      const found: SimulatedHeader = entry.parse(JSON.parse((await readRegular(this.#file(key))).toString("utf8")));
      return found.runs.length === runs && found.layers.length === runs ? found : undefined;
    } catch {
      return undefined;
    }
  }

  /** Ignores failures: the cache is optional. */
  async write(key: string, memory: SimulatedHeader): Promise<void> {
    try {
      await makeFolder(this.#folder);
      await writeFileAtomic(this.#file(key), JSON.stringify(memory));
    } catch {
      // The next call simulates again.
    }
  }

  #file(key: string): string {
    return path.join(this.#folder, `${key}.json`);
  }
}
