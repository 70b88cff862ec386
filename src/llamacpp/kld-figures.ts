import { parseNumber } from "./number.js";

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

/** Reads the tables; undefined when a figure is missing. A figure may be NaN or infinite, as printed. */
export function parseKldFigures(stdout: string): KldFigures | undefined {
  const printed = new Map<string, string[]>();
  let chunks = 0;
  for (const line of stdout.split("\n")) {
    const row = /^\s*(\d+)\s+\S+ ±/.exec(line);
    if (row) chunks = Number(row[1]);
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
  const figures = new Map<string, number | undefined>([["chunks", chunks]]);
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
