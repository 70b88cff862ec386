import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isSystemLeftover } from "../../util/system-files.js";

/**
 * Finds the projector in a model's folder: a file `mmproj-<model>….gguf`, or, in a folder of a single model, any file with
 * `mmproj` in its name. Of several, returns the last by name: F32 precedes F16, and BF16 is only used if there is neither,
 * so the estimate is high. Null without one.
 */
export async function findProjector(path: string, model: string): Promise<string | null> {
  const folder = dirname(path);
  const files = (await readdir(folder)).filter((name) => /\.gguf$/i.test(name) && !isSystemLeftover(name)).sort();
  const projectors = files.filter((name) => /mmproj/i.test(name));
  const own = projectors.filter((name) => plain(name).includes(plain(model)));
  const alone = files.every((name) => isSidecarFile(name) || plain(name).startsWith(plain(model)));
  const found = own.length > 0 ? own : alone ? projectors : [];
  const last = found.at(-1);
  return last === undefined ? null : join(folder, last);
}

/** Returns true for files of a model repository that are not models: projectors, imatrix files and MTP layers. */
export function isSidecarFile(path: string): boolean {
  return /mmproj|imatrix|^mtp-/i.test(basename(path));
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}
