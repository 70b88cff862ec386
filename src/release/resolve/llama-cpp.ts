import { modelFiles, parseGgufName, splitsOf } from "./gguf-name.js";
import { type RuntimePick, unresolved } from "./runtime-pick.js";

/** Tags that `-hf org/name` tries, in order, before the first model of the list. */
const defaultTags = ["Q4_K_M", "Q8_0"];

/**
 * Resolves llama.cpp's `-hf org/name[:tag]` as `common/download.cpp` of the pinned version does. `files` are all paths of
 * the repository in the Hub's order; the first match wins.
 *
 * The tag is a case-insensitive regular expression that matches anywhere in the path before a dot or a dash: `F16` also
 * matches `…-BF16.gguf`, and `Q1_0` matches `…-TQ1_0.gguf`.
 */
export function resolveLlamaCpp(files: readonly string[], tag?: string): RuntimePick {
  if (files.includes("preset.ini")) return unresolved("only preset.ini is downloaded");
  const models = modelFiles(files);
  const tagged = (tag === undefined ? defaultTags : [tag])
    .map((wanted) => models.find((file) => matches(file, wanted)))
    .find((file) => file !== undefined);
  const file = tagged ?? (tag === undefined ? models[0] : undefined);
  if (file === undefined) return unresolved("the repository does not contain a matching model");
  const mmproj = nearestProjector(files, file);
  return { file, splits: splitsOf(files, file), ...(mmproj === undefined ? {} : { mmproj }) };
}

/** Tags are names of quantizations. Any other expression counts as none, since that of a stranger's release may never end. */
function matches(file: string, tag: string): boolean {
  return /^[\w.-]+$/.test(tag) && new RegExp(`${tag}[.-]`, "i").test(file);
}

/**
 * The projector that llama.cpp downloads with the model: from the model's folder or a parent folder, nearest folder
 * first, then the closest number of bits, then list order.
 */
function nearestProjector(files: readonly string[], model: string): string | undefined {
  const bits = bitsOf(model);
  return files
    .filter((file) => file.endsWith(".gguf") && file.includes("mmproj") && model.startsWith(folderOf(file)))
    .map((file) => ({ file, depth: folderOf(file).length, distance: Math.abs(bitsOf(file) - bits) }))
    .toSorted((a, b) => b.depth - a.depth || a.distance - b.distance)[0]?.file;
}

const folderOf = (file: string) => file.slice(0, file.lastIndexOf("/") + 1);

/** First number in the tag: 4 for Q4_K_M, 16 for BF16, 0 without one. */
function bitsOf(file: string): number {
  return Number(/\d+/.exec(parseGgufName(file)?.tag ?? "")?.[0] ?? 0);
}
