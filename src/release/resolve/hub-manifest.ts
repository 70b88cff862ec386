import { modelFiles, parseGgufName, splitsOf } from "./gguf-name.js";
import { emptyPick, type RuntimePick } from "./runtime-pick.js";

/**
 * What the Hub's registry endpoint (`/v2/org/name/manifests/tag`), which Ollama and node-llama-cpp ask, takes for a tag.
 * It is documented as: a quantization in any letter case, or a full file name; without a tag Q4_K_M, else "one
 * reasonable quant type". Seen on the live service: the tag must stand at the end of the name, so `IQ3_S` does not find
 * `…-IQ3_S-imat.gguf`, and `IQ3_S-imat` does.
 */
export function resolveManifest(files: readonly string[], tag?: string): RuntimePick {
  const models = modelFiles(files);
  const taken = (file: string): RuntimePick => ({ file, splits: splitsOf(files, file) });
  const file = models.find((model) => matches(model, tag ?? "Q4_K_M"));
  if (file !== undefined) return taken(file);
  if (tag !== undefined) return emptyPick("the Hub knows no such tag here");
  const [only, ...others] = models;
  if (only === undefined) return emptyPick("there is no model");
  return others.length === 0
    ? taken(only)
    : emptyPick("there is no Q4_K_M, so the Hub chooses by rules it does not tell");
}

function matches(file: string, tag: string): boolean {
  const wanted = tag.toLowerCase();
  const name = file.slice(file.lastIndexOf("/") + 1).toLowerCase();
  if (name === wanted || file.toLowerCase() === wanted) return true;
  const stem = parseGgufName(name)?.prefix ?? name;
  return stem === wanted || stem.endsWith(`-${wanted}`) || stem.endsWith(`.${wanted}`);
}
