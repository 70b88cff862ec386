import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../util/cache-folder.js";
import { canonicalJson } from "../util/canonical-json.js";
import { writeFileAtomic } from "../util/files.js";
import { sha256 } from "../util/sha256.js";

/** Raised when `findOverlap` would find what it did not find before. */
const revision = 1;

/**
 * The mark in the user's cache folder that says that these texts were compared and are apart: comparing them takes a
 * good part of a run that has nothing to do. `names` and digests decide how texts are read and what they hold.
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

  /** A cache that cannot be written is none. */
  async add(): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFileAtomic(this.#mark, "");
    } catch {
      // They are compared again.
    }
  }
}
