import { join } from "node:path";
import type { VariantReport } from "../../release/release-report.js";
import { linkOrCopy } from "../../util/files.js";
import { requiredInput, type StageContext } from "../stage.js";
import { type PackageParams, variantInput } from "./package-params.js";
import { rulesFile } from "./reused-figures.js";
import { splitVariant } from "./split-variant.js";

/**
 * Hard-links the files of the passed variants into the release and splits those that are too large. Returns the
 * variants of the release. Errors: QS-SPLIT-FAILED.
 */
export async function placeVariants(
  variants: readonly VariantReport[],
  { maxFileBytes }: PackageParams,
  context: StageContext,
): Promise<VariantReport[]> {
  const placed: VariantReport[] = [];
  for (const variant of variants) {
    const rules = context.input(variantInput("rules", variant.name));
    if (rules !== undefined) await linkOrCopy(rules, join(context.out, rulesFile(variant.name)));
    const input = variantInput("model", variant.name);
    if (variant.bytes <= maxFileBytes) {
      await linkOrCopy(requiredInput(context, input), join(context.out, variant.file));
      placed.push(variant);
      continue;
    }
    const splits = await splitVariant(context, { input, file: variant.file, maxFileBytes });
    const [first] = splits;
    if (first === undefined) throw new Error("the list of splits is empty");
    placed.push({ ...variant, file: first.file, sha256: first.sha256, parts: splits });
  }
  return placed;
}
