import type { RunReport, VariantQuality, VariantReport, VariantSmoke } from "./release-report.js";

/** Column titles of the result table in the model card and the terminal; the table fits 80 columns. */
export const figureTitles = ["Variant", "Size", "BPW", "Mean KLD", "vs preset", "Same top", "Smoke", "Gate"] as const;

/** Cells of one variant, in the order of `figureTitles`; "–" for values that were not measured. */
export function figureCells(variant: VariantReport): string[] {
  const { quality, smoke } = variant;
  return [
    variant.name,
    formatMegabytes(variant.bytes),
    variant.bitsPerWeight.toFixed(2),
    quality === null ? "–" : formatKld(quality),
    kldChange(variant),
    quality === null ? "–" : `${quality.sameTop.toFixed(2)} %`,
    smokeCell(smoke),
    gateCell(variant),
  ];
}

/** Formats the mean KLD with its standard error. */
export function formatKld({ kldMean, kldMeanError }: VariantQuality): string {
  return `${kldMean.toFixed(5)} ± ${kldMeanError.toFixed(5)}`;
}

/** Formats the change of the mean KLD relative to the preset that the variant is compared with; "–" without one. */
export function kldChange({ quality, comparator }: Pick<VariantReport, "quality" | "comparator">): string {
  if (quality === null || comparator === undefined || !(comparator.quality.kldMean > 0)) return "–";
  const change = quality.kldMean / comparator.quality.kldMean - 1;
  return `${change < 0 ? "−" : "+"}${Math.abs(100 * change).toFixed(0)} %`;
}

/** What a smoke test says if the base itself meets no expectation, so that no prompt judges a variant. */
export const notJudged = "not judged";

/** Formats a smoke test: prompts that passed, of those that judge the variant. */
export function smokeCell(smoke: Pick<VariantSmoke, "passed" | "failed"> | null): string {
  if (smoke === null) return "–";
  return isJudged(smoke) ? `${smoke.passed}/${smoke.passed + smoke.failed}` : notJudged;
}

/** Formats the verdict on a variant; "–" if nothing was tested, and "not judged" if no test says anything. */
export function gateCell({ gate, quality, smoke }: VariantReport): string {
  if (gate === "failed" || quality !== null) return gate;
  if (smoke === null) return "–";
  return isJudged(smoke) ? gate : notJudged;
}

const isJudged = ({ passed, failed }: Pick<VariantSmoke, "passed" | "failed">) => passed + failed > 0;

/** Formats a size in decimal MB or GB, as on the Hub. */
export function formatMegabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

const toolNames: Readonly<Record<string, string>> = {
  llamaCpp: "llama.cpp",
  nodeLlamaCpp: "node-llama-cpp (smoke tests)",
};

/** Display name of a tool in `RunReport.toolchain`. */
export function toolName(tool: string): string {
  return toolNames[tool] ?? tool;
}

/**
 * Returns the name of the model that variants were compared with: the base, which has 16 bits unless its source is
 * quantized, or a copy that stood for it.
 */
export function comparedBase({ base }: Pick<RunReport, "base">): string {
  if (base?.evaluated !== undefined) return `${base.evaluated.type} base`;
  return base?.quantized === undefined ? "16-bit base" : "base";
}
