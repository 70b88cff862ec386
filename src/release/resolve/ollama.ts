import { resolveManifest } from "./hub-manifest.js";
import { emptyPick, type RuntimePick } from "./runtime-pick.js";

/** What `ollama run hf.co/org/name[:tag]` downloads: what the Hub's manifest names, unless it is in shards. */
export function resolveOllama(files: readonly string[], tag?: string): RuntimePick {
  const pick = resolveManifest(files, tag);
  if (pick.file === null || pick.splits.length === 1) return pick;
  return emptyPick(`${pick.file} is in shards, which the Hub refuses to Ollama (400)`);
}
