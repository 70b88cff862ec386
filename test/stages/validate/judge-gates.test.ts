import { describe, expect, test } from "vitest";
import { describeBreach, judgeGates } from "../../../src/stages/validate/judge-gates.js";

const figures = {
  perplexity: 12,
  perplexityRatio: 1.02,
  kldMean: 0.03,
  kldMedian: 0.02,
  kld90: 0.06,
  kld99: 0.1,
  kld999: 0.2,
  kldMax: 0.6,
  rmsDeltaP: 3.3,
  sameTop: 91,
};

describe("judgeGates", () => {
  test("figures inside every limit, and on it, pass", () => {
    expect(judgeGates(figures, {})).toEqual([]);
    expect(
      judgeGates(figures, { kldMean: { max: 0.03 }, sameTop: { min: 91 }, perplexityRatio: { min: 1, max: 1.1 } }),
    ).toEqual([]);
  });

  test("each broken limit is told with its figure, value and side", () => {
    const breaches = judgeGates(figures, { kldMean: { max: 0.025 }, sameTop: { min: 92 } });
    expect(breaches.map(describeBreach)).toEqual([
      "kldMean 0.03 is above the maximum 0.025 by 0.005",
      "sameTop 91 is below the minimum 92 by 1",
    ]);
  });

  test("a figure that is no number never passes a gate", () => {
    expect(judgeGates({ ...figures, kldMean: Number.NaN }, { kldMean: { max: 1 } })).toHaveLength(1);
    expect(judgeGates({ ...figures, sameTop: Number.NaN }, { sameTop: { min: 0 } })).toHaveLength(1);
  });
});
