import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type ChunkFigures, parseChunkFigures } from "../../../src/llamacpp/kld-rows.js";
import { chunkErrors } from "../../../src/stages/validate/chunk-errors.js";
import { combineBlocks, poolBlocks } from "../../../src/stages/validate/combine-blocks.js";
import { studentT } from "../../../src/stages/validate/student-t.js";
import { blockOf, randomNumbers, syntheticChunks } from "../../fixtures/synthetic-blocks.js";

const rounds = 1000;
const figures = poolBlocks([blockOf(syntheticChunks(1, 4, 50))]);

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The share of intervals of 95 % that contain what they should. */
function expectCoverage(hits: number) {
  expect(hits / rounds).toBeGreaterThan(0.93);
  expect(hits / rounds).toBeLessThan(0.97);
}

test("95 % intervals contain the true mean in 93 to 97 % of simulated texts; those of independent tokens do not", () => {
  const [chunks, tokens, spread] = [80, 31, 0.5];
  // E[kld] = 0.01 · exp(spread² / 2) · exp(1.2² / 2)
  const truth = 0.01 * Math.exp(spread ** 2 / 2 + 1.2 ** 2 / 2);
  const reach = studentT(0.05, chunks - 1);
  let [hits, printedHits] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const drawn = syntheticChunks(round + 1, chunks, tokens, spread).map((chunk) => chunk.map(({ kld }) => kld));
    const none = { logPerplexity: 0, logPerplexityRatio: 0, squaredDeltaP: 0, sameTop: 0 };
    const perChunk = drawn.map((values) => ({ ...none, kld: meanOf(values) }));
    const [mean, square] = [meanOf(drawn.flat()), meanOf(drawn.flat().map((value) => value ** 2))];
    const printed = Math.sqrt((square - mean ** 2) / (chunks * tokens - 1));
    const { kldMeanError } = chunkErrors({ ...figures, kldMeanError: printed }, [{ perChunk }]);
    if (Math.abs(mean - truth) <= reach * kldMeanError) hits++;
    if (Math.abs(mean - truth) <= reach * printed) printedHits++;
  }
  expectCoverage(hits);
  expect(printedHits / rounds).toBeLessThan(0.75);
});

/* llama-perplexity's output for the demo model's Q4_K_M on 120 chunks of 128 tokens of the demo's evaluation text. */
const output = new URL("../../fixtures/llamacpp/kl-divergence-120-chunks.stdout.txt", import.meta.url);
const real = parseChunkFigures(readFileSync(output, "utf8"));

test.each(["kld", "logPerplexityRatio", "sameTop", "squaredDeltaP"] as const)(
  "%s: intervals of 95 percent hold in 93 to 97 percent of 1000 splits of a real measurement into halves",
  (figure) => {
    const random = randomNumbers(7);
    const errorOf = (perChunk: ChunkFigures[]) => {
      const values = perChunk.map((chunk) => chunk[figure]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const unscaled = { ...figures, perplexityRatio: 1, kldMeanError: 0, perplexityRatioError: 0, sameTopError: 0 };
      const errors = chunkErrors({ ...unscaled, rmsDeltaP: 50, rmsDeltaPError: 0 }, [{ perChunk }]);
      const error = {
        kld: errors.kldMeanError,
        logPerplexityRatio: errors.perplexityRatioError,
        sameTop: errors.sameTopError / 100,
        squaredDeltaP: errors.rmsDeltaPError / 100,
      }[figure];
      return { mean, error };
    };
    const half = real.length / 2;
    const reach = studentT(0.05, 2 * half - 2);
    let hits = 0;
    for (let round = 0; round < rounds; round++) {
      const shuffled = real
        .map((chunk) => ({ chunk, order: random() }))
        .sort((a, b) => a.order - b.order)
        .map(({ chunk }) => chunk);
      const [a, b] = [errorOf(shuffled.slice(0, half)), errorOf(shuffled.slice(half))];
      if (Math.abs(a.mean - b.mean) <= reach * Math.hypot(a.error, b.error)) hits++;
    }
    expectCoverage(hits);
  },
);

test("the printed errors are the lower bound, and all there is for one chunk", () => {
  const block = blockOf(syntheticChunks(3, 1, 50));
  expect(combineBlocks([block])).toEqual(block.figures);
});
