import { expect, test } from "vitest";
import { parseChunkPerplexities } from "../../../src/llamacpp/parse-number.js";
import { rebaseBlock } from "../../../src/stages/validate/rebase-block.js";
import { blockOf, syntheticChunks } from "../../fixtures/synthetic-blocks.js";

test("parses the running perplexities into those of the chunks", () => {
  const text = "perplexity: calculating\n[1]10.0000,[2]20.0000,[3]20.0000,\nFinal estimate: PPL = 20.0000 +/- 1\n";
  const [first = 0, second = 0, third = 0] = parseChunkPerplexities(text);
  expect([first, second, third].map((value) => Math.exp(value).toFixed(3))).toEqual(["10.000", "40.000", "20.000"]);
});

test("a variant with the base's own values has a ratio of 1", () => {
  const block = blockOf(syntheticChunks(1, 6, 63));
  const rebased = rebaseBlock(
    block,
    block.perChunk.map(({ logPerplexity }) => logPerplexity),
  );
  expect(rebased.figures.perplexityRatio).toBeCloseTo(1, 12);
  expect(rebased.figures.basePerplexity).toBeCloseTo(block.figures.perplexity, 12);
  const mean = rebased.perChunk.reduce((sum, { logPerplexityRatio }) => sum + logPerplexityRatio, 0);
  expect(mean).toBeCloseTo(0, 12);
  expect(rebased.figures.kldMean).toBe(block.figures.kldMean);
});
