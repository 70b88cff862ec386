import { resolveManifest } from "./hub-manifest.js";
import { nothing, type Pick } from "./pick.js";

/** What `ollama run hf.co/org/name[:tag]` downloads: what the Hub's manifest names, unless it is in shards. */
export function resolveOllama(files: readonly string[], tag?: string): Pick {
  const pick = resolveManifest(files, tag);
  if (pick.file === null || pick.parts.length === 1) return pick;
  return nothing(`${pick.file} is in shards, which the Hub refuses to Ollama (400)`);
}
