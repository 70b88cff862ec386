import type { KldFigures } from "../../llamacpp/kld-figures.js";
import { type Block, combineBlocks, poolBlocks } from "./combine-blocks.js";

/**
 * Combines the figures of texts of different kinds, each measured in blocks: means over all tokens, percentiles pooled. The
 * variance of a stratified mean is the sum of its strata's variances, weighted by the squared shares of tokens, so that
 * differences between the kinds of text do not count as errors.
 */
export function combineStrata(strata: readonly (readonly Block[])[]): KldFigures {
  const [only] = strata;
  if (only !== undefined && strata.length === 1) return combineBlocks(only);
  const total = poolBlocks(strata.flat());
  const tokens = strata.map((blocks) => blocks.reduce((sum, block) => sum + block.tokens, 0));
  const all = tokens.reduce((sum, count) => sum + count, 0);
  const each = strata.map((blocks) => combineBlocks(blocks));
  const error = (of: (figures: KldFigures) => number) =>
    Math.hypot(...each.map((figures, index) => ((tokens[index] ?? 0) / all) * of(figures)));
  return {
    ...total,
    // Means of logarithms and squares: their errors are relative, or twice the value times its error.
    perplexityError: total.perplexity * error((of) => of.perplexityError / of.perplexity),
    perplexityRatioError: total.perplexityRatio * error((of) => of.perplexityRatioError / of.perplexityRatio),
    kldMeanError: error((of) => of.kldMeanError),
    rmsDeltaPError: total.rmsDeltaP === 0 ? 0 : error((of) => of.rmsDeltaP * of.rmsDeltaPError) / total.rmsDeltaP,
    sameTopError: error((of) => of.sameTopError),
  };
}
