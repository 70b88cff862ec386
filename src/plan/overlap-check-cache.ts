import { stat } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../util/cache-folder.js";
import { canonicalJson } from "../util/canonical-json.js";
import { makeFolder, writeFileAtomic } from "../util/files.js";
import { sha256 } from "../util/sha256.js";

/** Raised when `findOverlap` would find an overlap that it did not find before. */
const revision = 1;

/**
 * Marker in the user's cache folder that these texts do not overlap: comparing them takes a good part of a fully cached
 * run. The extensions of the names decide how texts are read, the digests what they contain.
 */
export class OverlapCheckCache {
  readonly #folder = join(cacheFolder(), "texts-apart");
  readonly #mark: string;

  constructor(texts: readonly { use: string; name: string; digest: string }[]) {
    const compared = texts.map(({ use, name, digest }) => [use, /[^.]*$/.exec(name)?.[0] ?? "", digest]);
    this.#mark = join(this.#folder, sha256(canonicalJson([revision, ...compared])));
  }

  async has(): Promise<boolean> {
    return stat(this.#mark).then(
      () => true,
      () => false,
    );
  }

  /** Stores the marker; does nothing if the cache is not writable. */
  async add(): Promise<void> {
    try {
      await makeFolder(this.#folder);
      await writeFileAtomic(this.#mark, "");
    } catch {
      // The texts are compared again next time.
    }
  }
}
