import { expect, test } from "vitest";
import type { Gguf, GgufValue } from "../../../src/gguf/gguf.js";
import { pictureTokens } from "../../../src/hardware/memory/picture-tokens.js";

function projector(type: string, figures: Record<string, number>, vision = true): Gguf {
  const metadata = new Map<string, GgufValue>([
    ["clip.has_vision_encoder", { type: "bool", value: vision }],
    ["clip.projector_type", { type: "string", value: type }],
  ]);
  for (const [key, value] of Object.entries(figures)) metadata.set(`clip.vision.${key}`, { type: "uint32", value });
  return { path: "m", version: 3, metadata, tensors: [], alignment: 32, dataOffset: 0, fileBytes: 0 };
}

test.each([
  ["Gemma 3", projector("gemma3", { image_size: 896, patch_size: 14 }), 256],
  ["a small Gemma 3", projector("gemma3", { image_size: 56, patch_size: 14, "projector.scale_factor": 2 }), 4],
  ["LLaVA 1.5", projector("mlp", { image_size: 336, patch_size: 14 }), 576],
  ["Qwen 2.5 VL, which keeps proportions", projector("qwen2.5vl_merger", { image_size: 560, patch_size: 14 }), 4096],
  ["InternVL, which cuts tiles", projector("internvl", { image_size: 448, patch_size: 14 }), null],
  ["an audio tower", projector("ultravox", {}, false), null],
])("tokens of a picture: %s", (_name, gguf, tokens) => {
  expect(pictureTokens(gguf)).toBe(tokens);
});
