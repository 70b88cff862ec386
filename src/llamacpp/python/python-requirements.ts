import { sha256 } from "../../util/sha256.js";

/**
 * What the converter needs, as llama.cpp's own `requirements/` pin it where they pin, except torch, which is newer
 * for Python 3.13. `gguf` is not in it: it comes with the converter. All have wheels for Python 3.10 to 3.13.
 */
export const torchRequirement = "torch==2.13.0";

export const otherRequirements: readonly string[] = [
  "transformers==4.57.6",
  // The tokenizer's behaviour decides the pre-tokenizer hash, so it is pinned although transformers allows others.
  "tokenizers==0.22.2",
  "numpy==2.2.6",
  "sentencepiece==0.2.1",
  "protobuf==4.25.8",
  "safetensors==0.8.0",
];

/** The modules whose presence makes a Python usable for the converter. */
export const neededModules: readonly string[] = ["torch", "transformers", "numpy", "sentencepiece"];

/** Python versions, newest first, for which all of the pinned packages exist; `3.` is left out. */
export const pythonMinors: readonly number[] = [13, 12, 11, 10];

/** Names the pinned set, in folder names and step fingerprints. */
export const requirementsDigest = sha256([torchRequirement, ...otherRequirements].join("\n")).slice(0, 16);
