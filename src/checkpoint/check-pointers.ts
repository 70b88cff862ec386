import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { QuantsmithError } from "../util/errors.js";

/** A pointer has about 130 bytes. */
const maxPointerBytes = 1024;

/**
 * Requires that no file is a Git LFS pointer, as in a clone without LFS. `sizes` has the bytes of each name. Throws
 * QS-FETCH-LFS.
 */
export async function requireNoPointers(dir: string, sizes: ReadonlyMap<string, number>): Promise<void> {
  for (const [name, size] of sizes) {
    // A card or a licence that is a pointer is only missing.
    if (size > maxPointerBytes || /^(readme|licen[cs]e)/i.test(name)) continue;
    const content = await readFile(join(dir, name), "latin1");
    if (!content.startsWith("version https://git-lfs.github.com/spec/")) continue;
    throw new QuantsmithError("QS-FETCH-LFS", `${name} is a Git LFS pointer, not the file itself`, {
      remedy: "Fetch the files with `git lfs pull`, or download the model from the Hub.",
      at: { file: join(dir, name) },
    });
  }
}
