import type { CheckpointTensor } from "./read-checkpoint.js";
import type { TargetType } from "./values/convert-values.js";

/** Values of `convert.outtype` in a recipe. */
export type OutType = "bf16" | "f16" | "f32" | "auto";

/**
 * Returns the type of the matrices. `auto` is the type of the first 16-bit matrix, else F16, as in llama.cpp's
 * converter.
 */
export function outputType(
  outtype: OutType,
  checkpoint: readonly Pick<CheckpointTensor, "dtype" | "shape">[],
): TargetType {
  if (outtype !== "auto") return outtype === "bf16" ? "BF16" : outtype === "f16" ? "F16" : "F32";
  const first = checkpoint.find(({ dtype, shape }) => shape.length > 1 && (dtype === "BF16" || dtype === "F16"));
  return first?.dtype === "BF16" ? "BF16" : "F16";
}

/** Returns `general.file_type` for matrices of this type (`enum llama_ftype`). */
export function fileTypeOf(type: TargetType): number {
  return { F32: 0, F16: 1, BF16: 32 }[type];
}
