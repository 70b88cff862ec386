import type {
  NoiseFloor,
  RunReport,
  SmokeSpeed,
  VariantAllocation,
  VariantQuality,
  VariantReport,
  VariantSmoke,
} from "../../report/run-report.js";
import type { AllocationReport } from "../allocate/allocate-variant.js";
import type { ConvertReport } from "../convert/convert-upstream.js";
import type { SnapshotReport } from "../fetch/snapshot-report.js";
import type { QuantizeReport } from "../quantize/quantize.js";
import { smokeReasons } from "../smoke/smoke-reasons.js";
import type { SmokeReport } from "../smoke/smoke-report.js";
import type { StageContext } from "../stage.js";
import { readReport } from "../step-files.js";
import type { BaseReport } from "../validate/base-logits.js";
import type { StructureReport } from "../validate/check-structure.js";
import { describeBreach } from "../validate/judge-gates.js";
import type { QualityReport } from "../validate/measure-quality.js";
import type { NoiseReport } from "../validate/noise-floor.js";
import { type PackagedVariant, type PackageParams, variantInput } from "./package-params.js";

type Sources = Pick<StageContext, "input" | "digest" | "steps">;

/**
 * Puts together what a run has found out, from the outputs of its steps. Variants that were not quantized are left
 * out; those that failed are in it with `gate: "failed"` and the reasons.
 */
export async function collectReport(params: PackageParams, sources: Sources): Promise<RunReport> {
  const read = <T>(name: string) => readReport<T>(sources.input(name));
  const snapshot = await read<SnapshotReport>("snapshot");
  const converted = await read<ConvertReport>("convert");
  const base = await read<BaseReport>("base");
  const noise = await read<NoiseReport>("noise");
  const variants = await Promise.all(params.variants.map((variant) => collectVariant(variant, params, sources)));
  return {
    recipe: params.recipe,
    model: {
      name: params.modelName,
      source: snapshot?.source ?? params.baseModel ?? "local folder",
      commit: snapshot?.commit ?? null,
      architecture: converted?.architecture ?? snapshot?.architecture ?? null,
      parameters: converted?.parameters ?? snapshot?.parameters ?? null,
    },
    release: null,
    steps: sources.steps().map(({ id, stage, status, seconds }) => ({ id, stage, status, seconds })),
    variants: variants.filter((variant) => variant !== undefined),
    base: converted === undefined ? null : publicBase(converted, base, noise),
    toolchain: params.toolchain,
  };
}

function publicBase(converted: ConvertReport, base: BaseReport | undefined, noise: NoiseReport | undefined) {
  return {
    bytes: converted.bytes,
    perplexity: base?.perplexity ?? null,
    ...(noise === undefined ? {} : { noise: publicNoise(noise) }),
  };
}

function publicNoise({ kldMean, kldMeanError, kld999, kldMax, sameTop, chunks }: NoiseReport): NoiseFloor {
  return { kldMean, kldMeanError, kld999, kldMax, sameTop, chunks };
}

async function collectVariant(
  { name, file }: PackagedVariant,
  params: PackageParams,
  sources: Sources,
): Promise<VariantReport | undefined> {
  const quantized = await readReport<QuantizeReport>(sources.input(variantInput("quantize", name)));
  const sha256 = sources.digest(variantInput("model", name));
  if (quantized === undefined || sha256 === undefined) return undefined;
  const quality = await readReport<QualityReport>(sources.input(variantInput("quality", name)));
  const smoke = await readReport<SmokeReport>(sources.input(variantInput("smoke", name)));
  const allocation = await readReport<AllocationReport>(sources.input(variantInput("allocation", name)));
  const structure = await readReport<StructureReport>(sources.input(variantInput("structure", name)));
  const reasons = [...qualityReasons(structure, quality, params), ...smokeVerdict(smoke, params)];
  return {
    name,
    file,
    bytes: quantized.bytes,
    bitsPerWeight: quantized.bitsPerWeight,
    sha256,
    types: quantized.types,
    ...(allocation === undefined ? {} : { allocation: publicAllocation(allocation) }),
    quality: quality === undefined ? null : publicQuality(quality),
    smoke: smoke === undefined ? null : publicSmoke(smoke, name, sources),
    gate: reasons.length === 0 ? "passed" : "failed",
    reasons,
  };
}

/** A variant that should have been measured and was not has not passed. */
function qualityReasons(
  structure: StructureReport | undefined,
  quality: QualityReport | undefined,
  params: PackageParams,
): string[] {
  if (!params.measured) return [];
  const problems = structure?.problems.map((problem) => `structure: ${problem}`) ?? [];
  if (problems.length > 0) return problems;
  return quality === undefined ? ["it could not be measured"] : quality.breaches.map(describeBreach);
}

function smokeVerdict(smoke: SmokeReport | undefined, params: PackageParams): string[] {
  if (!params.smokeTested) return [];
  return smoke === undefined ? ["it could not be smoke-tested"] : smokeReasons(smoke);
}

/** Speed stands in the step's record and not in `smoke.json`, which is the same on every machine. */
function publicSmoke({ passed, failed }: SmokeReport, variant: string, sources: Sources): VariantSmoke {
  const step = sources.steps().find(({ id }) => id === `smoke:${variant}`);
  const speed = step?.measurements as SmokeSpeed | undefined;
  return { passed, failed, ...(speed?.loadSeconds === undefined ? {} : { speed }) };
}

function publicAllocation({ budgetBytes, predictedKld, boundGap, probes }: AllocationReport): VariantAllocation {
  return { budgetBytes, predictedKld, boundGap, probes };
}

/** The figures alone: the blocks they were put together from stay in the store. */
function publicQuality({
  breaches: _breaches,
  decided: _decided,
  blocks: _blocks,
  ...figures
}: QualityReport): VariantQuality {
  return figures;
}
