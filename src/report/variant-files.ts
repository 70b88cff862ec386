import type { VariantPart, VariantReport } from "./run-report.js";

/** The model files of a variant: one, or its parts in their order. */
export function variantFiles({ file, bytes, sha256, parts }: VariantReport): readonly VariantPart[] {
  return parts ?? [{ file, bytes, sha256 }];
}
