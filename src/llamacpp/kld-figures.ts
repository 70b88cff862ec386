import { parseNumber } from "./parse-number.js";

/** Metrics printed by `llama-perplexity --kl-divergence`. Errors are one standard error; KLD is in nats. */
export interface KldFigures {
  chunks: number;
  perplexity: number;
  perplexityError: number;
  basePerplexity: number;
  /** Perplexity divided by the base's. */
  perplexityRatio: number;
  perplexityRatioError: number;
  kldMean: number;
  kldMeanError: number;
  kldMedian: number;
  /** Percentiles: 90 % of the tokens diverge by less than `kld90`, 99.9 % by less than `kld999`. */
  kld90: number;
  kld95: number;
  kld99: number;
  kld999: number;
  kldMax: number;
  /** Root mean square change of the correct token's probability, in percent. */
  rmsDeltaP: number;
  rmsDeltaPError: number;
  /** Share of tokens with the same most likely token in both models, in percent. */
  sameTop: number;
  sameTopError: number;
}

/** Printed label of each metric; the second key is for the number after `±`. */
const lines: readonly (readonly [label: string, value: keyof KldFigures, error?: keyof KldFigures])[] = [
  ["Mean PPL(Q)", "perplexity", "perplexityError"],
  ["Mean PPL(base)", "basePerplexity"],
  ["Mean PPL(Q)/PPL(base)", "perplexityRatio", "perplexityRatioError"],
  ["Mean KLD", "kldMean", "kldMeanError"],
  ["Maximum KLD", "kldMax"],
  ["99.9% KLD", "kld999"],
  ["99.0% KLD", "kld99"],
  ["95.0% KLD", "kld95"],
  ["90.0% KLD", "kld90"],
  ["Median KLD", "kldMedian"],
  ["RMS Δp", "rmsDeltaP", "rmsDeltaPError"],
  ["Same top p", "sameTop", "sameTopError"],
];

/** Printed labels of the KLD quantiles, some of which are also in `KldFigures`. */
const quantileLines: readonly (readonly [label: string, fraction: number])[] = [
  ["Minimum KLD", 0],
  ["0.1% KLD", 0.001],
  ["1.0% KLD", 0.01],
  ["5.0% KLD", 0.05],
  ["10.0% KLD", 0.1],
  ["Median KLD", 0.5],
  ["90.0% KLD", 0.9],
  ["95.0% KLD", 0.95],
  ["99.0% KLD", 0.99],
  ["99.9% KLD", 0.999],
  ["Maximum KLD", 1],
];

/** A share of the tokens and the KLD in nats that they do not exceed. */
export type Quantile = readonly [fraction: number, kld: number];

/** Parses the printed tables: label to value and, if printed, error. */
function readTables(stdout: string): Map<string, string[]> {
  const printed = new Map<string, string[]>();
  for (const line of stdout.split("\n")) {
    // "Mean    KLD:   0.017550 ±   0.000211" and "99.9%   KLD:   0.201243"
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const values = line
      .slice(colon + 1)
      .replaceAll("%", " ")
      .split("±");
    printed.set(
      line.slice(0, colon).trim().replace(/\s+/g, " "),
      values.map((value) => value.trim()),
    );
  }
  return printed;
}

/** Parses the printed quantiles of the KLD, lowest first. */
export function parseKldQuantiles(stdout: string): Quantile[] {
  const printed = readTables(stdout);
  return quantileLines.flatMap(([label, fraction]) => {
    const value = parseNumber(printed.get(label)?.[0]);
    return value === undefined ? [] : [[fraction, value] as const];
  });
}

/** Parses the metrics; returns undefined if one is missing. Values may be NaN or infinite. */
export function parseKldFigures(stdout: string): KldFigures | undefined {
  const printed = readTables(stdout);
  const rows = [...stdout.matchAll(/^\s*(\d+)\s+\S+ ±/gm)];
  const figures = new Map<string, number | undefined>([["chunks", Number(rows.at(-1)?.[1] ?? 0)]]);
  for (const [label, value, error] of lines) {
    const [first, second] = printed.get(label) ?? [];
    const figure = parseNumber(first);
    figures.set(value, figure);
    if (error !== undefined) figures.set(error, parseError(second, figure));
  }
  const complete = [...figures.values()].every((figure) => figure !== undefined);
  return complete ? (Object.fromEntries(figures) as unknown as KldFigures) : undefined;
}

/**
 * Returns 0 for a NaN error of a finite value. For almost equal models, llama-perplexity's variance is rounded below 0
 * or divided by a mean of 0: `log_ppl_ratio_unc` and `p_diff_rms_unc` in perplexity.cpp.
 */
function parseError(text: string | undefined, figure: number | undefined): number | undefined {
  const error = parseNumber(text);
  return Number.isNaN(error) && Number.isFinite(figure) ? 0 : error;
}
