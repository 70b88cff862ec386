import type { VariantReport } from "./release-report.js";

/** Column titles of the result table, as the card and the terminal show it; short enough for 80 columns. */
export const figureTitles = ["Variant", "Size", "BPW", "PPL ratio", "Mean KLD", "Same top", "Smoke", "Gate"] as const;

/** One variant's cells, in the order of `figureTitles`; "–" where nothing was measured. */
export function figureCells(variant: VariantReport): string[] {
  const { quality, smoke } = variant;
  return [
    variant.name,
    formatMegabytes(variant.bytes),
    variant.bitsPerWeight.toFixed(2),
    quality === null ? "–" : quality.perplexityRatio.toFixed(4),
    quality === null ? "–" : `${quality.kldMean.toFixed(5)} ± ${quality.kldMeanError.toFixed(5)}`,
    quality === null ? "–" : `${quality.sameTop.toFixed(2)} %`,
    smoke === null ? "–" : `${smoke.passed}/${smoke.passed + smoke.failed}`,
    quality === null && smoke === null && variant.gate === "passed" ? "–" : variant.gate,
  ];
}

/** Decimal units, as the Hub shows file sizes. */
export function formatMegabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

const toolNames: Readonly<Record<string, string>> = {
  llamaCpp: "llama.cpp",
  nodeLlamaCpp: "node-llama-cpp (smoke tests)",
};

/** How a tool of `RunReport.toolchain` is called by those who made it. */
export function toolName(tool: string): string {
  return toolNames[tool] ?? tool;
}
