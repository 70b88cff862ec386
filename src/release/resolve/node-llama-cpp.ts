import { resolveManifest } from "./hub-manifest.js";
import type { RuntimePick } from "./runtime-pick.js";

/**
 * What node-llama-cpp's `hf:org/name[:tag]` downloads, by `utils/parseModelUri.js` of the pinned version: what the Hub's
 * manifest names (`latest` without a tag), with all shards, and no projector.
 */
export function resolveNodeLlamaCpp(files: readonly string[], tag?: string): RuntimePick {
  return resolveManifest(files, tag === undefined || tag.toLowerCase() === "latest" ? undefined : tag);
}
