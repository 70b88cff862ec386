import type { RunReport, VariantReport, VariantSplit } from "./release-report.js";

/** Returns the model files of a variant: one file, or its splits in order. */
export function variantFiles({ file, bytes, sha256, parts: splits }: VariantReport): readonly VariantSplit[] {
  return splits ?? [{ file, bytes, sha256 }];
}

/** Returns all weight files of a release: those of the variants, and the projector. */
export function weightFiles({
  variants,
  projector,
}: Pick<RunReport, "variants" | "projector">): readonly VariantSplit[] {
  return [...variants.flatMap(variantFiles), ...(projector === undefined ? [] : [projector])];
}
