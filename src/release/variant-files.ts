import type { RunReport, VariantPart, VariantReport } from "./release-report.js";

/** The model files of a variant: one, or its parts in their order. */
export function variantFiles({ file, bytes, sha256, parts }: VariantReport): readonly VariantPart[] {
  return parts ?? [{ file, bytes, sha256 }];
}

/** All files of a release that hold weights: its variants' and the projector's. */
export function weightFiles({
  variants,
  projector,
}: Pick<RunReport, "variants" | "projector">): readonly VariantPart[] {
  return [...variants.flatMap(variantFiles), ...(projector === undefined ? [] : [projector])];
}
