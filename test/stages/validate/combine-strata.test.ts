import { expect, test } from "vitest";
import { combineBlocks } from "../../../src/stages/validate/combine-blocks.js";
import { combineStrata } from "../../../src/stages/validate/combine-strata.js";
import { qualityAt } from "../../fixtures/release-report.js";

/** A block of as many chunks as values, each with this mean KLD. */
function block(klds: readonly number[], tokens: number) {
  const kldMean = klds.reduce((sum, kld) => sum + kld, 0) / klds.length;
  return {
    figures: { ...qualityAt(kldMean), kldMeanError: kldMean / 100, chunks: klds.length },
    quantiles: [[0, 0] as const, [0.5, kldMean] as const, [1, 2 * kldMean] as const],
    perChunk: klds.map((kld) => ({ kld, logPerplexity: 2, logPerplexityRatio: 0, squaredDeltaP: 0, sameTop: 0.9 })),
    tokens,
  };
}

test("the whole is the mean over all tokens, and the difference between kinds of text is no error", () => {
  const prose = block([0.01, 0.012, 0.008, 0.01], 1000);
  const code = block([0.1, 0.1, 0.1, 0.1], 3000);
  const both = combineStrata([[prose], [code]]);
  expect(both.kldMean).toBeCloseTo(0.0775, 10);
  const [first, second] = [combineBlocks([prose]), combineBlocks([code])];
  expect(both.kldMeanError).toBeCloseTo(Math.hypot(0.25 * first.kldMeanError, 0.75 * second.kldMeanError), 12);
  expect(both.kldMeanError).toBeLessThan(combineBlocks([prose, code]).kldMeanError / 5);
  expect(both.chunks).toBe(8);
});

test("one kind of text has the figures of its blocks", () => {
  const blocks = [block([0.01, 0.02], 500), block([0.03, 0.02], 500)];
  expect(combineStrata([blocks])).toEqual(combineBlocks(blocks));
});
