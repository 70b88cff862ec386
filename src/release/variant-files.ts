import type { RunReport, VariantReport, VariantSplit } from "./release-report.js";

/** The matrices of each variant, with their measurements. */
export const tensorsFile = "tensors.json";

/** Returns the model files of a variant: one file, or its splits in order. */
export function variantFiles({ file, bytes, sha256, parts: splits }: VariantReport): readonly VariantSplit[] {
  return splits ?? [{ file, bytes, sha256 }];
}

/** True for models, splits, projectors and importance matrices. */
export function isModelFile(path: string): boolean {
  return path.endsWith(".gguf");
}

/** Returns all weight files of a release: those of the variants, and the files that they share. */
export function weightFiles({
  variants,
  projectors = [],
  mtp,
}: Pick<RunReport, "variants" | "projectors" | "mtp">): readonly VariantSplit[] {
  return [...variants.flatMap(variantFiles), ...projectors, ...(mtp === undefined ? [] : [mtp])];
}
