import type { ErrorCode } from "../util/error-codes.js";
import type { FailurePattern } from "./tool-failure.js";

/** Both tools that read a text refuse one shorter than two contexts and print both numbers (imatrix.cpp, perplexity.cpp). */
export function textShortPattern(code: ErrorCode, text: string): FailurePattern {
  return {
    pattern: /you need at least (\d+) tokens[^\n]*\n[^\n]*tokenizes to only (\d+) tokens/,
    code,
    message: ([, needed, found]) => `${text} has ${found} tokens, and at least ${needed} are needed`,
    remedy: "Use a longer text, or a smaller `context` in the recipe: two contexts of tokens are the least.",
  };
}

/** A model file that llama.cpp cannot load, with the reason it prints. */
export function modelLoadPattern(code: ErrorCode): FailurePattern {
  return {
    pattern: /(?:error loading model: |failed to load model[^\n:]*:? ?|unable to load model|failed to init)([^\n]*)/,
    code,
    message: ([, reason]) => `The model cannot be loaded${reason?.trim() ? `: ${reason.trim()}` : ""}`,
    remedy: "Build the file again with --fresh. If it stays so, llama.cpp does not support this model yet.",
  };
}
