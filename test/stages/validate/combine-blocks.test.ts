import { expect, test } from "vitest";
import type { KldFigures } from "../../../src/llamacpp/kld-figures.js";
import { poolBlocks } from "../../../src/stages/validate/combine-blocks.js";
import { blockOf, syntheticChunks } from "../../fixtures/synthetic-blocks.js";

const percentiles: (keyof KldFigures)[] = ["kldMedian", "kld90", "kld95", "kld99", "kld999"];

test("a single block's figures are returned unchanged", () => {
  const block = blockOf(syntheticChunks(3, 4, 50));
  expect(poolBlocks([block])).toBe(block.figures);
});

test("means, errors, shares and maximum of unequal blocks equal those of one run; percentiles are close", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const chunks = syntheticChunks(seed, 40, 255);
    const whole = blockOf(chunks).figures;
    const combined = poolBlocks([blockOf(chunks.slice(0, 8)), blockOf(chunks.slice(8, 15)), blockOf(chunks.slice(15))]);
    for (const [name, value] of Object.entries(whole) as [keyof KldFigures, number][]) {
      if (percentiles.includes(name)) {
        expect(combined[name] / value, name).toBeGreaterThan(name === "kld999" ? 0.8 : 0.93);
        expect(combined[name] / value, name).toBeLessThan(name === "kld999" ? 1.25 : 1.07);
      } else expect(combined[name], name).toBeCloseTo(value, 9);
    }
  }
});
