import type { Comparator } from "../../release/release-report.js";
import type { QuantizeReport } from "../quantize/quantize.js";
import { readReport } from "../step-files.js";
import { type Block, combineBlocks } from "../validate/combine-blocks.js";
import { publicQuality, type ValidateReport } from "../validate/validate-variant.js";
import type { VariantSources } from "./collect-variant.js";
import { type PackagedVariant, variantInput } from "./package-params.js";

/** Returns the preset that a variant is compared with, on the chunks of the variant; undefined if one was not measured. */
export async function collectComparator(
  { name, comparator: preset }: PackagedVariant,
  { input }: VariantSources,
): Promise<Comparator | undefined> {
  const built = await readReport<QuantizeReport>(input(variantInput("comparator", name)));
  const measured = await readReport<ValidateReport>(input(variantInput("comparatorQuality", name)));
  const variant = await readReport<ValidateReport>(input(variantInput("quality", name)));
  if (preset === undefined || built === undefined || measured === undefined || variant === undefined) return undefined;
  // Fewer chunks than the comparator's are those of a variant whose gates were decided early.
  const early = variant.chunks < measured.chunks;
  const figures = early ? combineBlocks(firstBlocks(measured.blocks, variant.chunks)) : {};
  const { bytes, bitsPerWeight } = built;
  return { preset, bytes, bitsPerWeight, quality: { ...publicQuality(measured), ...figures } };
}

/** The blocks of a variant whose gates were decided early are the first ones of the comparator. */
function firstBlocks(blocks: readonly Block[], chunks: number): Block[] {
  let count = 0;
  return blocks.filter(({ figures }) => {
    const isBefore = count < chunks;
    count += figures.chunks;
    return isBefore;
  });
}
