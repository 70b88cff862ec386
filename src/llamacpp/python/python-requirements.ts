import { sha256 } from "../../util/sha256.js";

/**
 * The converter's requirements, with the versions pinned in llama.cpp's `requirements/`, except a newer torch for
 * Python 3.13. `gguf` is part of the converter. All have wheels for Python 3.10 to 3.13.
 */
export const torchRequirement = "torch==2.13.0";

export const otherRequirements: readonly string[] = [
  "transformers==4.57.6",
  // Pinned although transformers allows other versions, since its behaviour affects the pre-tokenizer hash.
  "tokenizers==0.22.2",
  "numpy==2.2.6",
  "sentencepiece==0.2.1",
  "protobuf==4.25.8",
  "safetensors==0.8.0",
];

/** Modules that the converter requires. */
export const neededModules: readonly string[] = ["torch", "transformers", "numpy", "sentencepiece"];

/** Minor versions of Python 3 with wheels of all pinned packages, newest first. */
export const pythonMinors: readonly number[] = [13, 12, 11, 10];

/** Digest of the pinned requirements, used in folder names and step keys. */
export const requirementsDigest = sha256([torchRequirement, ...otherRequirements].join("\n")).slice(0, 16);
