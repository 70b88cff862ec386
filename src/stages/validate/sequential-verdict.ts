import { chunksPerBatch, scoredTokens } from "../../llamacpp/base-logits.js";
import type { ChunkFigures } from "../../llamacpp/kld-rows.js";
import type { GateFigure, GateLimit } from "../../release/gates.js";
import { type Block, poolBlocks } from "./combine-blocks.js";
import { pooledQuantile } from "./pooled-quantile.js";
import { studentT } from "./student-t.js";

/** Fewer chunks do not give a usable estimate of the variance between chunks. */
export const minChunks = 4;
/** Maximum number of interim looks. More looks can end earlier, but each look makes all of them stricter. */
const maxLooks = 5;
/** llama-perplexity does not print statistics for fewer values. */
const minTokens = 100;
/** Probability of a verdict that differs from the one on unlimited text: 1 − 99 %. */
const errorRate = 0.01;

export type Verdict = "passed" | "failed" | "open";

/**
 * Deals chunks to blocks in turn, so that every block samples the whole text and an early end is not biased to its first
 * pages. Chunks that llama-perplexity evaluates in one batch stay together. Returns at most `maxLooks` blocks of at
 * least `minChunks`. `context` is tokens per chunk.
 */
export function dealChunks(chunks: number, context: number): number[][] {
  const batch = chunksPerBatch(context);
  const least = Math.max(minChunks, Math.ceil(minTokens / scoredTokens(context)));
  // An incomplete last batch does not form a block, because it may be too short for statistics.
  const full = Math.floor(chunks / batch);
  const blocks = Math.max(1, Math.min(maxLooks, Math.floor(full / Math.ceil(least / batch))));
  return Array.from({ length: blocks }, (_, block) =>
    Array.from({ length: chunks }, (_, chunk) => chunk).filter((chunk) => Math.floor(chunk / batch) % blocks === block),
  );
}

/**
 * Returns the verdict on all limits after the blocks so far: `failed` if one is surely exceeded, `passed` if all are surely
 * met, else `open`. "Surely" means that the limit lies outside the figure's confidence interval. The error rate is divided
 * evenly over limits and looks (Bonferroni). Chunks, not tokens, are the observations, since tokens of one chunk are
 * correlated. Relative limits are compared chunk by chunk.
 */
export function sequentialVerdict(
  blocks: readonly Block[],
  limits: readonly GateLimit[],
  looks: number,
  references: ReadonlyMap<string, readonly Block[]> = new Map(),
): Verdict {
  const tail = errorRate / Math.max(1, looks * limits.length);
  const verdicts = limits.map((gate) => limitVerdict(gate, blocks, tail, references));
  if (verdicts.includes("failed")) return "failed";
  return verdicts.includes("open") ? "open" : "passed";
}

function limitVerdict(
  { figure, bound, limit }: GateLimit,
  blocks: readonly Block[],
  tail: number,
  references: ReadonlyMap<string, readonly Block[]>,
): Verdict {
  const scale = chunkScales[figure];
  const [low, high] =
    typeof limit === "number"
      ? scale === undefined
        ? quantileInterval(figure, blocks, limit, tail)
        : interval(
            chunksOf(blocks).map((chunk) => scale.of(chunk) - scale.limit(limit)),
            tail,
          )
      : scale === undefined
        ? unknown
        : interval(differences(scale, limit.ratio, blocks, references.get(limit.of) ?? []), tail);
  // Both ends are distances from the limit.
  const [kept, broken] = bound === "max" ? [high < 0, low > 0] : [low > 0, high < 0];
  return broken ? "failed" : kept ? "passed" : "open";
}

type Interval = readonly [low: number, high: number];
const unknown: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** A figure as a mean over chunks: the value per chunk, and limits and ratios on that scale. */
interface ChunkScale {
  of(chunk: ChunkFigures): number;
  limit(limit: number): number;
  /** Another variant's value times the ratio. */
  scaled(chunk: ChunkFigures, ratio: number): number;
}

const chunkScales: { readonly [figure in GateFigure]?: ChunkScale } = {
  perplexity: logScale("logPerplexity"),
  perplexityRatio: logScale("logPerplexityRatio"),
  kldMean: linearScale("kld", 1),
  sameTop: linearScale("sameTop", 100),
  rmsDeltaP: {
    of: ({ squaredDeltaP }) => squaredDeltaP,
    limit: (percent) => (percent / 100) ** 2,
    scaled: ({ squaredDeltaP }, ratio) => ratio ** 2 * squaredDeltaP,
  },
};

function logScale(part: "logPerplexity" | "logPerplexityRatio"): ChunkScale {
  return {
    of: (chunk) => chunk[part],
    limit: Math.log,
    scaled: (chunk, ratio) => Math.log(ratio) + chunk[part],
  };
}

function linearScale(part: "kld" | "sameTop", unit: number): ChunkScale {
  return {
    of: (chunk) => chunk[part],
    limit: (limit) => limit / unit,
    scaled: (chunk, ratio) => ratio * chunk[part],
  };
}

const chunksOf = (blocks: readonly Block[]) => blocks.flatMap(({ perChunk }) => perChunk);

/** Returns, per chunk, the variant's value minus the limit derived from the reference. */
function differences(
  scale: ChunkScale,
  ratio: number,
  blocks: readonly Block[],
  reference: readonly Block[],
): number[] {
  const others = chunksOf(reference);
  return chunksOf(blocks).flatMap((chunk, index) => {
    const other = others[index];
    return other === undefined ? [] : [scale.of(chunk) - scale.scaled(other, ratio)];
  });
}

/** Returns Student's confidence interval of a mean. */
function interval(values: readonly number[], tail: number): Interval {
  if (values.length < minChunks) return unknown;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const reach = studentT(tail, values.length - 1) * Math.sqrt(variance / values.length);
  return [mean - reach, mean + reach];
}

const fractions: { readonly [figure in GateFigure]?: number } = {
  kldMedian: 0.5,
  kld90: 0.9,
  kld99: 0.99,
  kld999: 0.999,
};

/**
 * Returns Woodruff's interval of a percentile: the percentiles at both ends of the confidence interval of its fraction. The
 * effective number of independent tokens follows from the variance of the mean divergence between chunks. A maximum has
 * only a lower bound, since it can only grow.
 */
function quantileInterval(figure: GateFigure, blocks: readonly Block[], limit: number, tail: number): Interval {
  const perChunk = chunksOf(blocks);
  const figures = poolBlocks(blocks);
  if (figure === "kldMax") return [figures.kldMax - limit, Number.POSITIVE_INFINITY];
  const fraction = fractions[figure];
  if (fraction === undefined || perChunk.length < minChunks) return unknown;
  const tokens = blocks.reduce((sum, block) => sum + block.tokens, 0);
  const [low, high] = interval(
    perChunk.map(({ kld }) => kld),
    tail,
  );
  const t = studentT(tail, perChunk.length - 1);
  const clustering = Math.max(1, ((high - low) / 2 / t / Math.max(figures.kldMeanError, Number.MIN_VALUE)) ** 2);
  const reach = t * Math.sqrt((fraction * (1 - fraction) * clustering) / tokens);
  const at = (share: number) => (share >= 1 ? Number.POSITIVE_INFINITY : pooledQuantile(blocks, Math.max(0, share)));
  return [at(fraction - reach) - limit, at(fraction + reach) - limit];
}
