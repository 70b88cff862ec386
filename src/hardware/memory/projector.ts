import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber } from "../../gguf/metadata.js";

/**
 * Returns the memory of an mmproj file in bytes: its weights, and the compute buffer for one image or 30 s of audio. The
 * pinned engine cannot simulate the buffer, so it is a high estimate: llama.cpp stores the scores of every pair of patches
 * in every head (F32, twice for the softmax) and four activations of the widest layer.
 */
export function projectorBytes(gguf: Gguf): number {
  const weights = gguf.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  return weights + Math.max(computeBytes(gguf, "clip.vision"), computeBytes(gguf, "clip.audio"));
}

function computeBytes(gguf: Gguf, part: string): number {
  const figure = (key: string) => metadataNumber(gguf, `${part}.${key}`) ?? 0;
  const patches =
    part === "clip.audio" ? 1500 : Math.ceil(figure("image_size") / Math.max(figure("patch_size"), 1)) ** 2 + 1;
  const heads = figure("attention.head_count");
  if (heads === 0) return 0;
  const widest = Math.max(figure("embedding_length"), figure("feed_forward_length"));
  return 4 * patches * (2 * heads * patches + 4 * widest);
}
