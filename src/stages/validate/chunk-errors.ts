import type { KldFigures } from "../../llamacpp/kld-figures.js";
import type { ChunkFigures } from "../../llamacpp/kld-rows.js";

type Errors = Pick<
  KldFigures,
  "perplexityError" | "perplexityRatioError" | "kldMeanError" | "rmsDeltaPError" | "sameTopError"
>;

/**
 * Returns the standard errors from the variance between chunks. Tokens of one chunk are correlated, so the errors that
 * llama-perplexity prints, of independent tokens, are too small: on texts of several topics by a factor of two or three. They
 * are the lower bound here. The variance of the rounding in `parseChunkFigures` is subtracted. `blocks` has the chunks of
 * each run in order; with a single chunk in all, the printed errors are returned.
 */
export function chunkErrors(figures: KldFigures, blocks: readonly { perChunk: readonly ChunkFigures[] }[]): Errors {
  const { perplexity, perplexityRatio } = figures;
  const rms = figures.rmsDeltaP / 100;
  // Last printed digits: perplexity has four decimals, RMS Δp and the same-top share three in percent, the others five.
  const error = (figure: keyof ChunkFigures, digit: number, printed: number, scale: number) =>
    Math.max(printed, scale * standardError(blocks, figure, digit));
  return {
    perplexityError: error("logPerplexity", 1e-4 / perplexity, figures.perplexityError, perplexity),
    perplexityRatioError: error("logPerplexityRatio", 1e-5, figures.perplexityRatioError, perplexityRatio),
    kldMeanError: error("kld", 1e-5, figures.kldMeanError, 1),
    rmsDeltaPError: error("squaredDeltaP", 2 * rms * 1e-5, figures.rmsDeltaPError, rms === 0 ? 0 : 100 / (2 * rms)),
    sameTopError: error("sameTop", 1e-5, figures.sameTopError, 100),
  };
}

/** Returns the standard error of a figure's mean over all chunks; 0 for fewer than two. */
function standardError(
  blocks: readonly { perChunk: readonly ChunkFigures[] }[],
  figure: keyof ChunkFigures,
  digit: number,
): number {
  const values = blocks.flatMap(({ perChunk }) => perChunk.map((chunk) => chunk[figure]));
  const count = values.length;
  if (count < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  // Chunk k is k · row(k) − (k − 1) · row(k − 1), and a rounded row has the variance digit² / 12.
  const rounding = blocks
    .flatMap(({ perChunk }) => perChunk.map((_chunk, index) => ((index + 1) ** 2 + index ** 2) * (digit ** 2 / 12)))
    .reduce((sum, value) => sum + value / count, 0);
  return Math.sqrt(Math.max(0, variance - rounding) / count);
}
