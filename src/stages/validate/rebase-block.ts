import type { KldFigures } from "../../llamacpp/kld-figures.js";
import type { ChunkFigures } from "../../llamacpp/kld-rows.js";

/**
 * Replaces the perplexity of the base in a measurement by the base's own, measured like the variant's: llama-perplexity
 * compares with logits that were stored with 16 bits, so that even the base itself gets a ratio above 1. `logPerplexities`
 * are those of the base for the same chunks, in nats.
 */
export function rebaseBlock<T extends { figures: KldFigures; perChunk: readonly ChunkFigures[] }>(
  block: T,
  logPerplexities: readonly number[],
): T {
  const { figures } = block;
  const own = logPerplexities.reduce((sum, value) => sum + value, 0) / logPerplexities.length;
  const shift = Math.log(figures.basePerplexity) - own;
  return {
    ...block,
    figures: {
      ...figures,
      basePerplexity: Math.exp(own),
      perplexityRatio: figures.perplexityRatio * Math.exp(shift),
      perplexityRatioError: figures.perplexityRatioError * Math.exp(shift),
    },
    // The same shift for all chunks: a chunk's own would add the rounding of two printed perplexities.
    perChunk: block.perChunk.map((chunk) => ({ ...chunk, logPerplexityRatio: chunk.logPerplexityRatio + shift })),
  };
}
