import { stat } from "node:fs/promises";
import type { SnapshotReport } from "../../checkpoint/snapshot-report.js";
import { readGguf } from "../../gguf/read-header.js";
import { acceptsAudio, acceptsPictures, pictureTokens } from "../../hardware/memory/picture-tokens.js";
import { ggmlTypeByName } from "../../quant/ggml-types.js";
import type { EvaluatedCopy, NoiseFloor, ProjectorFile, RunReport } from "../../release/release-report.js";
import { distinctWarnings, publicWarning } from "../../util/warnings.js";
import type { CalibrateReport } from "../calibrate/calibrate.js";
import type { ConvertReport } from "../convert/convert-report.js";
import { projectorInput, readReport } from "../step-files.js";
import type { BaseReport } from "../validate/base-logits.js";
import type { NoiseReport } from "../validate/noise-floor.js";
import { collectComparator } from "./collect-comparator.js";
import { collectCompute } from "./collect-compute.js";
import { type CollectedVariant, collectVariant, type VariantSources } from "./collect-variant.js";
import type { PackagedVariant, PackageParams } from "./package-params.js";
import { readReused, withReusedFigures, withReusedResults } from "./reused-figures.js";

export interface CollectedReport {
  report: RunReport;
  /** Names of the variants that failed a gate, the structure check or the smoke test; excludes unmeasured ones. */
  rejected: string[];
}

/**
 * Collects the report of a run from the outputs of its steps. It contains the quantized variants; failed ones have
 * `gate: "failed"` and the reasons.
 */
export async function collectReport(params: PackageParams, sources: VariantSources): Promise<CollectedReport> {
  const read = <T>(name: string) => readReport<T>(sources.input(name));
  const snapshot = await read<SnapshotReport>("snapshot");
  const converted = await read<ConvertReport>("convert");
  const base = await read<BaseReport>("base");
  const noise = await read<NoiseReport>("noise");
  const calibrate = await read<CalibrateReport>("calibrate");
  const reused = await readReused(sources);
  const found = await Promise.all(
    params.variants.map(async (variant) => {
      if (reused === undefined) return collectCompared(variant, params, sources);
      const own = await collectVariant(variant, params, sources);
      return own && withReusedFigures(own, reused, params);
    }),
  );
  const variants = found.filter((variant) => variant !== undefined);
  const report: RunReport = {
    recipe: params.recipe,
    model: {
      name: params.modelName,
      source: snapshot?.source ?? params.baseModel ?? "local folder",
      commit: snapshot?.commit ?? null,
      ...sourceFiles(snapshot),
      architecture: converted?.architecture ?? snapshot?.architecture ?? null,
      parameters: converted?.parameters ?? snapshot?.parameters ?? null,
    },
    release: null,
    steps: sources.steps().map(({ id, stage, status, seconds }) => ({ id, stage, status, seconds })),
    variants: variants.map(({ report }) => report),
    ...(await projectorsOf(params, sources)),
    ...(await mtpOf(params, sources)),
    base: converted === undefined ? null : { ...publicBase(converted, base, noise), ...(await copyOf(params, read)) },
    ...(calibrate === undefined ? {} : { calibration: publicText(calibrate) }),
    toolchain: params.toolchain,
    ...collectCompute(sources.steps()),
    warnings: distinctWarnings([
      ...params.warnings,
      ...sources.steps().flatMap(({ warnings = [] }) => warnings.map(publicWarning)),
    ]),
  };
  const rejected = variants.filter(({ reasons }) => reasons.some(({ kind }) => kind !== "unmeasured"));
  return {
    report: reused === undefined ? report : withReusedResults(report, reused, params),
    rejected: rejected.map(({ report }) => report.name),
  };
}

/** Returns a variant's results and verdict together with the preset that it is compared with. */
async function collectCompared(
  variant: PackagedVariant,
  params: PackageParams,
  sources: VariantSources,
): Promise<CollectedVariant | undefined> {
  const collected = await collectVariant(variant, params, sources);
  const comparator = await collectComparator(variant, sources);
  if (collected === undefined || comparator === undefined) return collected;
  return { ...collected, report: { ...collected.report, comparator } };
}

/** The files of a GGUF source, which has an entry for its base model in `snapshot.json`. */
function sourceFiles(snapshot: SnapshotReport | undefined): Pick<RunReport["model"], "files"> {
  if (snapshot?.baseModel === undefined) return {};
  const files = snapshot.files.flatMap(({ path, bytes, digest }) =>
    /^sha256:.*/.test(digest) && /\.gguf$/i.test(path) ? [{ file: path, bytes, sha256: digest.slice(7) }] : [],
  );
  return { files };
}

async function projectorsOf(
  { projectors }: PackageParams,
  sources: VariantSources,
): Promise<Pick<RunReport, "projectors">> {
  const found: ProjectorFile[] = [];
  for (const { type, file, shown } of projectors) {
    const path = sources.input(projectorInput(type));
    const sha256 = sources.digest(projectorInput(type));
    if (path === undefined || sha256 === undefined) continue;
    const gguf = await readGguf(path);
    const accepts = { pictures: acceptsPictures(gguf), audio: acceptsAudio(gguf), pictureTokens: pictureTokens(gguf) };
    found.push({ type, file, bytes: gguf.fileBytes, sha256, ...accepts, shown });
  }
  return found.length === 0 ? {} : { projectors: found };
}

/** The layers for multi-token prediction, a file that all variants share. */
async function mtpOf({ mtpFile: file }: PackageParams, sources: VariantSources): Promise<Pick<RunReport, "mtp">> {
  const path = sources.input("mtp");
  const sha256 = sources.digest("mtp");
  if (file === null || path === undefined || sha256 === undefined) return {};
  return { mtp: { file, bytes: (await stat(path)).size, sha256 } };
}

function publicText({ corpus, chunks, context }: CalibrateReport): NonNullable<RunReport["calibration"]> {
  return { corpus, chunks, context };
}

function publicBase(converted: ConvertReport, base: BaseReport | undefined, noise: NoiseReport | undefined) {
  return {
    bytes: converted.bytes,
    perplexity: base?.perplexity ?? null,
    ...quantizedOf(converted),
    ...(noise === undefined ? {} : { noise: publicNoise(noise) }),
  };
}

function quantizedOf({ types }: ConvertReport): { quantized?: Record<string, number> } {
  const quantized = Object.entries(types).filter(([type]) => ggmlTypeByName(type)?.quantized);
  return quantized.length === 0 ? {} : { quantized: Object.fromEntries(quantized) };
}

/** The copy that stood for the base, with its distance from 16 bits if that was measured. */
async function copyOf(
  { evaluatedBase: type }: PackageParams,
  read: <T>(name: string) => Promise<T | undefined>,
): Promise<{ evaluated?: EvaluatedCopy }> {
  if (type === undefined) return {};
  const distance = await read<NoiseReport>("distance");
  const base = await read<BaseReport>("distanceBase");
  if (distance === undefined || base === undefined) return { evaluated: { type, distance: null } };
  const { corpus, context } = base;
  return { evaluated: { type, distance: { ...publicNoise(distance), corpus, context } } };
}

function publicNoise({ kldMean, kldMeanError, kld999, kldMax, sameTop, chunks }: NoiseReport): NoiseFloor {
  return { kldMean, kldMeanError, kld999, kldMax, sameTop, chunks };
}
