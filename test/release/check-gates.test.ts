import { describe, expect, test } from "vitest";
import { checkGates, describeBreach } from "../../src/release/check-gates.js";
import { type Gates, gateLimits } from "../../src/release/gates.js";

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
const judge = (gates: Gates, change: Partial<typeof figures> = {}, references?: Map<string, typeof figures>) =>
  checkGates({ ...figures, ...change }, gateLimits(gates), references);

describe("checkGates", () => {
  test("figures within or equal to every limit pass", () => {
    expect(judge({})).toEqual([]);
    expect(judge({ kldMean: { max: 0.03 }, sameTop: { min: 91 }, perplexityRatio: { min: 1, max: 1.1 } })).toEqual([]);
  });

  test("each violated limit is described with figure, value and bound", () => {
    expect(judge({ kldMean: { max: 0.025 }, sameTop: { min: 92 } }).map(describeBreach)).toEqual([
      "kldMean 0.03 is above the maximum 0.025 by 0.005",
      "sameTop 91 is below the minimum 92 by 1",
    ]);
  });

  test("a limit can be relative to another variant", () => {
    const references = new Map([["Q4_K_M", { ...figures, kldMean: 0.02 }]]);
    const limited = (ratio: number) => judge({ kldMean: { max: { of: "Q4_K_M", ratio } } }, {}, references);
    expect(limited(1.5)).toEqual([]);
    expect(limited(1).map(describeBreach)).toEqual(["kldMean 0.03 is above the maximum 0.02 (that of Q4_K_M) by 0.01"]);
    expect(limited(1.2).map(describeBreach)).toEqual([
      "kldMean 0.03 is above the maximum 0.024 (1.2 × that of Q4_K_M) by 0.006",
    ]);
    expect(judge({ kldMean: { max: { of: "gone", ratio: 1 } } })).toHaveLength(1);
  });

  test("NaN never passes a gate", () => {
    expect(judge({ kldMean: { max: 1 } }, { kldMean: Number.NaN })).toHaveLength(1);
    expect(judge({ sameTop: { min: 0 } }, { sameTop: Number.NaN })).toHaveLength(1);
  });
});
