import type { Quantile } from "../../llamacpp/kld-figures.js";

export interface QuantileBlock {
  /** What llama-perplexity printed, lowest first: from the minimum (0) to the maximum (1). */
  quantiles: readonly Quantile[];
  /** How many values they sum up. */
  tokens: number;
}

/** The print has six decimals; a divergence below that, or rounded to a negative one, counts as half of the last digit. */
const smallest = 5e-7;

/**
 * The quantile of several blocks together, from the quantiles of each: the divergence at which the blocks' distributions,
 * weighted by their tokens, reach `fraction`. Between two printed quantiles the share above is taken to fall as a power
 * of the divergence, as the upper tail of divergences nearly does, so the result is an estimate; the minimum and the
 * maximum are exact.
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
    // The largest of n values has half a value above it, on average over where the tail could have been cut.
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
