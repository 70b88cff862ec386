import type { Quantile } from "../../llamacpp/kld-figures.js";

export interface QuantileBlock {
  /** The quantiles printed by llama-perplexity, ascending from the minimum (0) to the maximum (1). */
  quantiles: readonly Quantile[];
  /** Number of values behind them. */
  tokens: number;
}

/** Printed values have six decimals; smaller or negative divergences count as half of the last digit. */
const smallest = 5e-7;

/**
 * Estimates a quantile of several blocks from the quantiles of each: the divergence at which the blocks' distributions,
 * weighted by tokens, reach `fraction`. Between printed quantiles, the share above is interpolated as a power of the
 * divergence, close to the upper tail of real divergences. The minimum and the maximum are exact.
 */
export function pooledQuantile(blocks: readonly QuantileBlock[], fraction: number): number {
  const known = blocks.filter(({ quantiles }) => quantiles.length > 1).map(prepare);
  const ends = known.flatMap(({ knots }) => [knots[0]?.log ?? 0, knots.at(-1)?.log ?? 0]);
  let low = Math.min(...ends);
  let high = Math.max(...ends);
  if (fraction >= 1) return Math.exp(high);
  const tokens = known.reduce((sum, block) => sum + block.tokens, 0);
  const above = (log: number) => known.reduce((sum, block) => sum + block.tokens * shareAbove(block.knots, log), 0);
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (above(middle) > (1 - fraction) * tokens) low = middle;
    else high = middle;
  }
  return Math.exp(high);
}

interface Knot {
  log: number;
  above: number;
}

function prepare({ quantiles, tokens }: QuantileBlock): { knots: Knot[]; tokens: number } {
  const knots = quantiles.map(([fraction, kld]) => ({
    log: Math.log(Math.max(kld, smallest)),
    // Half a value lies above the largest of n values, on average over the possible truncations of the tail.
    above: Math.max(1 - fraction, 0.5 / tokens),
  }));
  return { knots, tokens };
}

function shareAbove(knots: readonly Knot[], log: number): number {
  let before: Knot | undefined;
  for (const knot of knots) {
    if (log < knot.log) {
      if (before === undefined) return 1;
      const way = (log - before.log) / (knot.log - before.log);
      return Math.exp(Math.log(before.above) + way * (Math.log(knot.above) - Math.log(before.above)));
    }
    before = knot;
  }
  return 0;
}
