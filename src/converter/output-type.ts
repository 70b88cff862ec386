import type { CheckpointTensor } from "./read-checkpoint.js";
import type { TargetType } from "./values/convert-values.js";

/** What the recipe may ask for. */
export type OutType = "bf16" | "f16" | "f32" | "auto";

/**
 * The type of the matrices. `auto` is that of the first one that has 16 bits, F16 when none has, as llama.cpp's
 * converter guesses it.
 */
export function outputType(outtype: OutType, checkpoint: readonly CheckpointTensor[]): TargetType {
  if (outtype !== "auto") return outtype === "bf16" ? "BF16" : outtype === "f16" ? "F16" : "F32";
  const first = checkpoint.find(({ dtype, shape }) => shape.length > 1 && (dtype === "BF16" || dtype === "F16"));
  return first?.dtype === "BF16" ? "BF16" : "F16";
}

/** `general.file_type` of a file whose matrices have this type, `enum llama_ftype`. */
export function fileTypeOf(type: TargetType): number {
  return { F32: 0, F16: 1, BF16: 32 }[type];
}
