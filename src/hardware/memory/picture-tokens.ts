import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";

/** Tokens of a picture that is scaled to the tower's size: patches, after merging squares of this side. */
const squares: Readonly<Record<string, number>> = { gemma3: 4, mlp: 1, mlp_norm: 1, janus_pro: 1 };
/** Most tokens of a picture that keeps its proportions, by `set_limit_image_tokens` in llama.cpp's clip.cpp. */
const limits: Readonly<Record<string, number>> = {
  qwen2vl_merger: 4096,
  "qwen2.5vl_merger": 4096,
  qwen3vl_merger: 4096,
  gemma4v: 1120,
  gemma4uv: 1120,
  pixtral: 1024,
  kimivl: 1024,
  minimax_m3: 576,
  gemma3nv: 256,
  lfm2: 256,
};

/**
 * Returns the most tokens of the context that one picture takes with an mmproj file; null if it has no vision tower, or if
 * its kind of tower cuts pictures into a number of tiles that is unknown here.
 */
export function pictureTokens(gguf: Gguf): number | null {
  if (!acceptsPictures(gguf)) return null;
  const type = metadataString(gguf, "clip.vision.projector_type") ?? metadataString(gguf, "clip.projector_type") ?? "";
  const figure = (key: string) => metadataNumber(gguf, `clip.vision.${key}`);
  const merged = figure("projector.scale_factor") ?? squares[type];
  const [size, patch] = [figure("image_size"), figure("patch_size")];
  // LLaVA 1.6 and later cut a picture into tiles of their own.
  const isTiled = gguf.metadata.has("clip.vision.image_grid_pinpoints");
  if (squares[type] === undefined || merged === undefined || isTiled) return limits[type] ?? null;
  return size === undefined || patch === undefined ? null : Math.floor(size / patch / merged) ** 2;
}

/** Returns true if an mmproj file has a vision tower. */
export function acceptsPictures(gguf: Gguf): boolean {
  return hasTower(gguf, "clip.has_vision_encoder");
}

/** Returns true if an mmproj file has an audio tower. */
export function acceptsAudio(gguf: Gguf): boolean {
  return hasTower(gguf, "clip.has_audio_encoder");
}

function hasTower({ metadata }: Gguf, key: string): boolean {
  const entry = metadata.get(key);
  return entry?.type === "bool" && entry.value === true;
}
