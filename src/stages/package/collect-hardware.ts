import type { HardwareCompatibility } from "../../hardware/compatibility.js";
import { estimateReleaseFit, type VariantWithMemory } from "../../hardware/fit/estimate-release-fit.js";
import type { VariantReport } from "../../release/release-report.js";
import type { StageContext } from "../stage.js";
import { readReport } from "../step-files.js";
import { type PackageParams, variantInput } from "./package-params.js";
import type { MemoryReport } from "./variant-memory.js";

/** Estimates which devices can run the variants of a release; skips variants without a memory report. */
export async function collectHardware(
  variants: readonly VariantReport[],
  { modelName, hardware }: PackageParams,
  context: Pick<StageContext, "input">,
): Promise<HardwareCompatibility> {
  const measured = await Promise.all(variants.map((variant) => withMemory(variant, context)));
  return estimateReleaseFit(
    modelName,
    measured.filter((variant) => variant !== undefined),
    hardware,
  );
}

async function withMemory(
  { name, file, bytes, bitsPerWeight, types, quality }: VariantReport,
  context: Pick<StageContext, "input">,
): Promise<VariantWithMemory | undefined> {
  const memory = await readReport<MemoryReport>(context.input(variantInput("memory", name)));
  if (memory === undefined) return undefined;
  return { name, file, bytes, bitsPerWeight, types, kldMean: quality?.kldMean ?? null, memory };
}
