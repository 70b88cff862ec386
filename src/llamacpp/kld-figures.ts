import { parseNumber } from "./parse-number.js";

/** What `llama-perplexity --kl-divergence` prints. Errors are one standard error; KLD is in nats. */
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
  /** Root mean square of the change of the right token's probability, in percent. */
  rmsDeltaP: number;
  rmsDeltaPError: number;
  /** Tokens for which both models have the same favourite, in percent. */
  sameTop: number;
  sameTopError: number;
}

/** The line each figure stands on; a second name is the number after `±`. */
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

/** Where the printed quantiles of the divergence stand; the figures hold the upper ones. */
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

/** A share of the tokens and the divergence in nats that they stay below. */
export type Quantile = readonly [fraction: number, kld: number];

/** The tables as printed: label to value and, where there is one, error. */
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

/** All quantiles of the divergence that the tool prints, lowest first; those it does not print are left out. */
export function parseKldQuantiles(stdout: string): Quantile[] {
  const printed = readTables(stdout);
  return quantileLines.flatMap(([label, fraction]) => {
    const value = parseNumber(printed.get(label)?.[0]);
    return value === undefined ? [] : [[fraction, value] as const];
  });
}

/** Reads the tables; undefined when a figure is missing. A figure may be NaN or infinite, as printed. */
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
 * An error beside a good figure is NaN when the models agree so well that its variance is rounded below zero, or is
 * divided by a mean of zero: `log_ppl_ratio_unc` and `p_diff_rms_unc` in perplexity.cpp. It is zero then.
 */
function parseError(text: string | undefined, figure: number | undefined): number | undefined {
  const error = parseNumber(text);
  return Number.isNaN(error) && Number.isFinite(figure) ? 0 : error;
}
