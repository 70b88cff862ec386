import type { ErrorCode } from "../util/error-codes.js";
import type { Compute } from "./compute/compute.js";
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

/** Returns the remedy for a model that computes NaN or infinite values. */
export function nonFiniteRemedy(compute?: Compute): string {
  const remedy = "Convert with `outtype: bf16`. If the error persists, the checkpoint is damaged: download it again.";
  return onDeviceRemedy(compute, remedy);
}

/** Returns the remedy for values that may be the fault of a device. */
export function onDeviceRemedy(compute: Compute | undefined, remedy: string): string {
  if (compute === undefined || compute.backend === "cpu") return remedy;
  return `Run with \`--device cpu\` to exclude an error of ${compute.devices.map(({ name }) => name).join(",")}. ${remedy}`;
}

/** A model file that llama.cpp fails to load, with the reason that it prints. */
export function modelLoadPattern(code: ErrorCode): FailurePattern {
  return {
    pattern: /(?:error loading model: |failed to load model[^\n:]*:? ?|unable to load model|failed to init)([^\n]*)/,
    code,
    message: ([, reason]) => `llama.cpp cannot load the model${reason?.trim() ? `: ${reason.trim()}` : ""}`,
    remedy: "Rebuild the file with `--fresh`. If the error persists, llama.cpp does not support this model.",
  };
}
