import { resolveManifest } from "./hub-manifest.js";
import type { RuntimePick } from "./runtime-pick.js";

/**
 * Resolves node-llama-cpp's `hf:org/name[:tag]` as `utils/parseModelUri.js` of the pinned version does: the model of the
 * Hub's manifest (`latest` without a tag), with all splits and without a projector.
 */
export function resolveNodeLlamaCpp(files: readonly string[], tag?: string): RuntimePick {
  return resolveManifest(files, tag === undefined || tag.toLowerCase() === "latest" ? undefined : tag);
}
