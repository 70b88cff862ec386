import { modelFiles, parseGgufName, splitsOf } from "./gguf-name.js";
import { type RuntimePick, unresolved } from "./runtime-pick.js";

/**
 * Resolves a tag as the Hub's registry endpoint (`/v2/org/name/manifests/tag`) does for Ollama and node-llama-cpp.
 * Documented: a quantization in any letter case, or a full file name; without a tag Q4_K_M, else "one reasonable quant
 * type". Observed on the live service: the tag must be at the end of the name, so `IQ3_S` does not match
 * `…-IQ3_S-imat.gguf`, but `IQ3_S-imat` does.
 */
export function resolveManifest(files: readonly string[], tag?: string): RuntimePick {
  const models = modelFiles(files);
  const taken = (file: string): RuntimePick => ({ file, splits: splitsOf(files, file) });
  const file = models.find((model) => matches(model, tag ?? "Q4_K_M"));
  if (file !== undefined) return taken(file);
  if (tag !== undefined) return unresolved("the tag does not match a file on the Hub");
  const [only, ...others] = models;
  if (only === undefined) return unresolved("the repository does not contain a model");
  return others.length === 0 ? taken(only) : unresolved("without Q4_K_M, the choice of the Hub is undocumented");
}

function matches(file: string, tag: string): boolean {
  const wanted = tag.toLowerCase();
  const name = file.slice(file.lastIndexOf("/") + 1).toLowerCase();
  if (name === wanted || file.toLowerCase() === wanted) return true;
  const stem = parseGgufName(name)?.prefix ?? name;
  return stem === wanted || stem.endsWith(`-${wanted}`) || stem.endsWith(`.${wanted}`);
}
