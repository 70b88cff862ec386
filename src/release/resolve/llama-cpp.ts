import { modelFiles, parseGgufName, splitsOf } from "./gguf-name.js";
import { emptyPick, type RuntimePick } from "./runtime-pick.js";

/** What `-hf org/name` means, in this order; then the first model of the list. */
const defaultTags = ["Q4_K_M", "Q8_0"];

/**
 * What llama.cpp's `-hf org/name[:tag]` downloads, by the rules of `common/download.cpp` of the pinned version. `files`
 * are all paths of the repository in the Hub's order, which decides between several that match.
 *
 * The tag is a regular expression searched in the whole path, in any letter case, that must be followed by a dot or a
 * dash: `F16` is also found in `…-BF16.gguf` and `Q1_0` in `…-TQ1_0.gguf`.
 */
export function resolveLlamaCpp(files: readonly string[], tag?: string): RuntimePick {
  if (files.includes("preset.ini")) return emptyPick("it downloads preset.ini and nothing else");
  const models = modelFiles(files);
  const tagged = (tag === undefined ? defaultTags : [tag])
    .map((wanted) => models.find((file) => matches(file, wanted)))
    .find((file) => file !== undefined);
  const file = tagged ?? (tag === undefined ? models[0] : undefined);
  if (file === undefined) return emptyPick("it finds no model");
  const mmproj = nearestProjector(files, file);
  return { file, splits: splitsOf(files, file), ...(mmproj === undefined ? {} : { mmproj }) };
}

function matches(file: string, tag: string): boolean {
  try {
    return new RegExp(`${tag}[.-]`, "i").test(file);
  } catch {
    return false;
  }
}

/**
 * The projector llama.cpp brings along: in the model's folder or one around it, the nearest folder first, then the one
 * whose bits are nearest to the model's, then the first listed.
 */
function nearestProjector(files: readonly string[], model: string): string | undefined {
  const bits = bitsOf(model);
  return files
    .filter((file) => file.endsWith(".gguf") && file.includes("mmproj") && model.startsWith(folderOf(file)))
    .map((file) => ({ file, depth: folderOf(file).length, distance: Math.abs(bitsOf(file) - bits) }))
    .toSorted((a, b) => b.depth - a.depth || a.distance - b.distance)[0]?.file;
}

const folderOf = (file: string) => file.slice(0, file.lastIndexOf("/") + 1);

/** The first number of the tag: 4 for Q4_K_M, 16 for BF16, 0 without one. */
function bitsOf(file: string): number {
  return Number(/\d+/.exec(parseGgufName(file)?.tag ?? "")?.[0] ?? 0);
}
