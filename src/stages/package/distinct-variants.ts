import { readGguf } from "../../gguf/read-header.js";
import type { VariantReport } from "../../release/release-report.js";
import type { Warning } from "../../util/warnings.js";
import type { TensorTypes } from "../allocate/tensor-types.js";
import { findRepeated, repeatedWarning } from "../quantize/compare-variants.js";
import { requiredInput, type StageContext } from "../stage.js";
import { variantInput } from "./package-params.js";

/** Returns the variants without those that have the tensor types of an earlier one, and a warning for each of these. */
export async function distinctVariants(
  variants: readonly VariantReport[],
  context: Pick<StageContext, "input">,
): Promise<{ kept: VariantReport[]; warnings: Warning[] }> {
  const kept: { report: VariantReport; types: TensorTypes }[] = [];
  const warnings: Warning[] = [];
  for (const report of variants) {
    const { tensors } = await readGguf(requiredInput(context, variantInput("model", report.name)));
    const one = { report, types: new Map(tensors.map(({ name, type }) => [name, type])) };
    const same = findRepeated(one, kept);
    if (same === undefined) kept.push(one);
    else warnings.push(repeatedWarning(report.name, same.report.name));
  }
  return { kept: kept.map(({ report }) => report), warnings };
}
