import type { RunReport, VariantReport, VariantSplit } from "./release-report.js";

/** The model files of a variant: one, or its parts in their order. */
export function variantFiles({ file, bytes, sha256, parts: splits }: VariantReport): readonly VariantSplit[] {
  return splits ?? [{ file, bytes, sha256 }];
}

/** All files of a release that hold weights: its variants' and the projector's. */
export function weightFiles({
  variants,
  projector,
}: Pick<RunReport, "variants" | "projector">): readonly VariantSplit[] {
  return [...variants.flatMap(variantFiles), ...(projector === undefined ? [] : [projector])];
}
