import { describe, expect, test } from "vitest";
import { type Gates, gateLimits } from "../../../src/release/gates.js";
import type { Block } from "../../../src/stages/validate/combine-blocks.js";
import { dealChunks, sequentialVerdict } from "../../../src/stages/validate/sequential-verdict.js";
import { studentT } from "../../../src/stages/validate/student-t.js";
import { blockOf, syntheticChunks, type Token } from "../../fixtures/synthetic-blocks.js";

describe("studentT", () => {
  test("matches printed tables", () => {
    expect(studentT(0.05, 3)).toBeCloseTo(3.1824, 3);
    expect(studentT(0.01, 7)).toBeCloseTo(3.4995, 3);
    expect(studentT(0.001, 15)).toBeCloseTo(4.0728, 3);
    expect(studentT(0.05, 1000)).toBeCloseTo(1.9623, 3);
  });
});

describe("dealChunks", () => {
  test("deals every chunk once, in blocks of nearly equal size that each cover the whole text", () => {
    for (const chunks of [1, 3, 4, 9, 10, 40, 80, 81, 500]) {
      const blocks = dealChunks(chunks, 512);
      expect(blocks.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: chunks }, (_, chunk) => chunk));
      const sizes = blocks.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(4);
      if (chunks >= 8) expect(Math.min(...sizes)).toBeGreaterThanOrEqual(4);
    }
    expect(dealChunks(10, 512)).toEqual([
      [0, 1, 2, 3, 8, 9],
      [4, 5, 6, 7],
    ]);
  });

  test("makes blocks large enough for llama-perplexity's statistics", () => {
    for (const context of [16, 64, 512, 4096, 32_768]) {
      for (const block of dealChunks(400, context)) {
        expect(block.length * (context / 2 - 1), `${context}`).toBeGreaterThanOrEqual(100);
      }
    }
  });
});

function blocks(seed: number, chunks: number, change: (token: Token) => Token = (token) => token): Block[] {
  const all = syntheticChunks(seed, chunks, 100);
  return dealChunks(chunks, 512).map((deal) => blockOf(deal.map((index) => (all[index] ?? []).map(change))));
}
const meanKld = (all: readonly Block[]) => {
  const values = all.flatMap(({ perChunk }) => perChunk.map(({ kld }) => kld));
  return values.reduce((sum, kld) => sum + kld, 0) / values.length;
};
const judge = (some: readonly Block[], gates: Gates, references?: Map<string, readonly Block[]>) =>
  sequentialVerdict(some, gateLimits(gates), 5, references);

describe("sequentialVerdict", () => {
  const all = blocks(7, 40);
  const first = all.slice(0, 1);

  test("one block is enough if every limit is far from its figure", () => {
    expect(judge(first, { kldMean: { max: 0.2 }, perplexityRatio: { max: 2 }, sameTop: { min: 20 } })).toBe("passed");
    expect(judge(first, { kldMean: { max: 0.2 }, sameTop: { min: 99.9 } })).toBe("failed");
    expect(judge(first, { kldMean: { min: 0.2 } })).toBe("failed");
    expect(judge(first, { perplexity: { max: 5 } })).toBe("failed");
    expect(judge(first, { rmsDeltaP: { max: 30 } })).toBe("passed");
    expect(judge(first, { rmsDeltaP: { max: 0.3 } })).toBe("failed");
  });

  test("a limit near the figure stays open", () => {
    expect(judge(all, { kldMean: { max: meanKld(all) * 1.01 } })).toBe("open");
    expect(judge(first, { kldMean: { max: 0.2 }, sameTop: { min: 90 } })).toBe("open");
  });

  test("percentiles use their own interval, a maximum is decided only if it is exceeded", () => {
    expect(judge(all, { kldMedian: { max: 0.2 }, kld90: { max: 1 } })).toBe("passed");
    expect(judge(first, { kld90: { max: 0.001 } })).toBe("failed");
    // 800 tokens do not determine the 99.9th percentile.
    expect(judge(first, { kld999: { max: 10 } })).toBe("open");
    expect(judge(first, { kldMax: { max: 0.001 } })).toBe("failed");
    expect(judge(all, { kldMax: { max: 1000 } })).toBe("open");
  });

  test("a relative limit compares the same chunks and detects a small difference", () => {
    const worse = blocks(7, 40, (token) => ({ ...token, kld: token.kld * 1.1 }));
    const limit = { kldMean: { max: { of: "Q4_K_M", ratio: 1 } } };
    expect(judge(worse.slice(0, 2), limit, new Map([["Q4_K_M", all]]))).toBe("failed");
    expect(judge(all.slice(0, 2), limit, new Map([["Q4_K_M", worse]]))).toBe("passed");
    expect(judge(all, limit, new Map([["Q4_K_M", all]]))).toBe("open");
    expect(judge(all, limit)).toBe("open");
  });

  test("a variant exactly on its limit is rarely decided early", () => {
    let early = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const some = blocks(seed * 7919, 40);
      // The mean of the log-normal distribution, times that of the levels of chunks.
      const truth = 0.01 * Math.exp(1.2 ** 2 / 2) * Math.exp(0.3 ** 2 / 2);
      const looks = some.map((_, index) => judge(some.slice(0, index + 1), { kldMean: { max: truth } }));
      if (looks.some((verdict) => verdict !== "open")) early++;
    }
    expect(early).toBeLessThanOrEqual(3);
  });
});
