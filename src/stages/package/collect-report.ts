import { stat } from "node:fs/promises";
import type { SnapshotReport } from "../../checkpoint/snapshot-report.js";
import { ggmlTypeByName } from "../../quant/ggml-types.js";
import type { EvaluatedCopy, NoiseFloor, RunReport } from "../../release/release-report.js";
import { distinctWarnings, publicWarning } from "../../util/warnings.js";
import type { ConvertReport } from "../convert/convert-report.js";
import { readReport } from "../step-files.js";
import type { BaseReport } from "../validate/base-logits.js";
import type { NoiseReport } from "../validate/noise-floor.js";
import { collectCompute } from "./collect-compute.js";
import { collectVariant, type VariantSources } from "./collect-variant.js";
import type { PackageParams } from "./package-params.js";

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
  const found = await Promise.all(params.variants.map((variant) => collectVariant(variant, params, sources)));
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
    ...(await sideFile("projector", params.projectorFile, sources)),
    ...(await sideFile("mtp", params.mtpFile, sources)),
    base: converted === undefined ? null : { ...publicBase(converted, base, noise), ...(await copyOf(params, read)) },
    toolchain: params.toolchain,
    ...collectCompute(sources.steps()),
    warnings: distinctWarnings([
      ...params.warnings,
      ...sources.steps().flatMap(({ warnings = [] }) => warnings.map(publicWarning)),
    ]),
  };
  const rejected = variants.filter(({ reasons }) => reasons.some(({ kind }) => kind !== "unmeasured"));
  return { report, rejected: rejected.map(({ report }) => report.name) };
}

/** The files of a GGUF source, which has an entry for its base model in `snapshot.json`. */
function sourceFiles(snapshot: SnapshotReport | undefined): Pick<RunReport["model"], "files"> {
  if (snapshot?.baseModel === undefined) return {};
  const files = snapshot.files.flatMap(({ path, bytes, digest }) =>
    /^sha256:.*/.test(digest) && /\.gguf$/i.test(path) ? [{ file: path, bytes, sha256: digest.slice(7) }] : [],
  );
  return { files };
}

/** A file beside the variants, which all of them share. */
async function sideFile(
  name: "projector" | "mtp",
  file: string | null,
  sources: VariantSources,
): Promise<Pick<RunReport, "projector" | "mtp">> {
  const path = sources.input(name);
  const sha256 = sources.digest(name);
  if (file === null || path === undefined || sha256 === undefined) return {};
  return { [name]: { file, bytes: (await stat(path)).size, sha256 } };
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
