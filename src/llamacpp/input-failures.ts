import type { ErrorCode } from "../util/error-codes.js";
import type { FailurePattern } from "./tool-failure.js";

/** llama-imatrix and llama-perplexity require a text of two contexts and print both token counts. */
export function textShortPattern(code: ErrorCode, text: string): FailurePattern {
  return {
    pattern: /you need at least (\d+) tokens[^\n]*\n[^\n]*tokenizes to only (\d+) tokens/,
    code,
    message: ([, needed, found]) => `${text} has ${found} tokens, at least ${needed} are needed`,
    remedy: "Use a longer text or a smaller `context`: the text must be at least two contexts long.",
  };
}

/** Remedy for a model that computes NaN or infinite values. */
export const nonFiniteRemedy =
  "Convert with `outtype: bf16`. If the error persists, the checkpoint is damaged: download it again.";

/** A model file that llama.cpp fails to load, with the reason that it prints. */
export function modelLoadPattern(code: ErrorCode): FailurePattern {
  return {
    pattern: /(?:error loading model: |failed to load model[^\n:]*:? ?|unable to load model|failed to init)([^\n]*)/,
    code,
    message: ([, reason]) => `llama.cpp cannot load the model${reason?.trim() ? `: ${reason.trim()}` : ""}`,
    remedy: "Rebuild the file with `--fresh`. If the error persists, llama.cpp does not support this model.",
  };
}
