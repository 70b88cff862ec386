import type { KldFigures, Quantile } from "../../llamacpp/kld-figures.js";
import type { ChunkFigures } from "../../llamacpp/kld-rows.js";
import { chunkErrors } from "./chunk-errors.js";
import { pooledQuantile } from "./pooled-quantile.js";

/** Figures of llama-perplexity on some chunks of the evaluation text. */
export interface Block {
  figures: KldFigures;
  quantiles: readonly Quantile[];
  perChunk: readonly ChunkFigures[];
  /** Scored tokens. */
  tokens: number;
}

/** Combines the figures of several blocks, with standard errors from the variance between chunks, see `chunkErrors`. */
export function combineBlocks(blocks: readonly Block[]): KldFigures {
  const figures = poolBlocks(blocks);
  return { ...figures, ...chunkErrors(figures, blocks) };
}

/**
 * Combines the figures of several blocks as llama-perplexity prints them. A single block's figures are returned unchanged.
 * For more, means, standard errors of independent tokens, the maximum and the same-top share equal those of one run over
 * all blocks, to the printed digits; percentiles are pooled, see `pooledQuantile`. Formulas: `mean_and_uncertainty` in
 * tools/perplexity/perplexity.cpp.
 */
export function poolBlocks(blocks: readonly Block[]): KldFigures {
  const [only] = blocks;
  if (only !== undefined && blocks.length === 1) return only.figures;
  const tokens = blocks.reduce((sum, block) => sum + block.tokens, 0);
  const mean = (of: (figures: KldFigures) => Estimate) =>
    pool(blocks.map(({ figures, tokens }) => ({ ...of(figures), tokens })));
  const perplexity = mean((of) => logarithm(of.perplexity, of.perplexityError));
  const ratio = mean((of) => logarithm(of.perplexityRatio, of.perplexityRatioError));
  const base = mean((of) => logarithm(of.basePerplexity, 0));
  const kld = mean((of) => ({ value: of.kldMean, error: of.kldMeanError }));
  const square = mean((of) => ({ value: of.rmsDeltaP ** 2, error: 2 * of.rmsDeltaP * of.rmsDeltaPError }));
  // The share is a ratio of counts, so rounding recovers the exact count.
  const same =
    blocks.reduce((sum, block) => sum + Math.round((block.figures.sameTop / 100) * block.tokens), 0) / tokens;
  const quantile = (fraction: number) => pooledQuantile(blocks, fraction);
  const rmsDeltaP = Math.sqrt(square.value);
  return {
    chunks: blocks.reduce((sum, { figures }) => sum + figures.chunks, 0),
    perplexity: Math.exp(perplexity.value),
    perplexityError: Math.exp(perplexity.value) * perplexity.error,
    basePerplexity: Math.exp(base.value),
    perplexityRatio: Math.exp(ratio.value),
    perplexityRatioError: Math.exp(ratio.value) * ratio.error,
    kldMean: kld.value,
    kldMeanError: kld.error,
    kldMedian: quantile(0.5),
    kld90: quantile(0.9),
    kld95: quantile(0.95),
    kld99: quantile(0.99),
    kld999: quantile(0.999),
    kldMax: Math.max(...blocks.map(({ figures }) => figures.kldMax)),
    rmsDeltaP,
    rmsDeltaPError: rmsDeltaP === 0 ? 0 : square.error / (2 * rmsDeltaP),
    sameTop: 100 * same,
    sameTopError: 100 * Math.sqrt((same * (1 - same)) / (tokens - 1)),
  };
}

interface Estimate {
  value: number;
  /** One standard error. */
  error: number;
}

const logarithm = (value: number, error: number): Estimate => ({ value: Math.log(value), error: error / value });

/** Returns the mean and standard error of all parts, from the sums and sums of squares implied by each. */
function pool(parts: readonly (Estimate & { tokens: number })[]): Estimate {
  const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
  const value = parts.reduce((sum, part) => sum + part.tokens * part.value, 0) / tokens;
  const squares = parts.reduce(
    (sum, part) => sum + part.tokens * (part.error ** 2 * (part.tokens - 1) + part.value ** 2),
    0,
  );
  return { value, error: Math.sqrt(Math.max(0, squares / tokens - value ** 2) / (tokens - 1)) };
}
