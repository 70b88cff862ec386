import { resolveManifest } from "./hub-manifest.js";
import { type RuntimePick, unresolved } from "./runtime-pick.js";

/** Resolves `ollama run hf.co/org/name[:tag]`: the model of the Hub's manifest, unless it is split. */
export function resolveOllama(files: readonly string[], tag?: string): RuntimePick {
  const pick = resolveManifest(files, tag);
  if (pick.file === null || pick.splits.length === 1) return pick;
  return unresolved(`${pick.file} is split, and the Hub rejects split files for Ollama (400)`);
}
