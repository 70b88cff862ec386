import { describe, expect, test } from "vitest";
import { estimateAlphas, type ProbeReading } from "../../../src/stages/allocate/estimate-alphas.js";

const floor = { kld: 0.001, kldError: 0.00003 };

function reading(change: Partial<ProbeReading>): ProbeReading {
  return {
    unit: "a",
    type: "Q2_K",
    role: "attn_q",
    tensors: ["a"],
    error: 0.1,
    kld: 0.011,
    kldError: 0.0001,
    ...change,
  };
}

describe("estimateAlphas", () => {
  test("alpha is the damage above the floor per unit of error", () => {
    const [probe] = estimateAlphas([reading({})], floor);
    expect(probe).toMatchObject({ readable: true });
    expect(probe?.alpha).toBeCloseTo(0.1, 12);
  });

  test("an unreadable probe gets the alpha of its role, itself included", () => {
    const loud = reading({ unit: "loud", kld: 0.021, error: 0.1 });
    const quiet = reading({ unit: "quiet", kld: 0.00105, error: 0.3 });
    const other = reading({ unit: "other", role: "ffn_up", kld: 0.401 });
    const [, probe] = estimateAlphas([loud, quiet, other], floor);
    expect(probe?.readable).toBe(false);
    expect(probe?.alpha).toBeCloseTo((0.02 + 0.00005) / 0.4, 12);
  });

  test("without a readable peer, a probe gets the alpha of all probes", () => {
    const alone = reading({ unit: "alone", role: "output", kld: 0.0009 });
    const [probe] = estimateAlphas([alone, reading({ unit: "b" })], floor);
    expect(probe).toMatchObject({ readable: false });
    expect(probe?.alpha).toBeCloseTo(0.01 / 0.2, 12);
  });

  test("a probe is readable from three standard errors above the floor", () => {
    const error = Math.hypot(0.0001, floor.kldError);
    const at = (kld: number) => estimateAlphas([reading({ kld: floor.kld + kld })], floor)[0]?.readable;
    expect([at(3.01 * error), at(2.99 * error)]).toEqual([true, false]);
  });

  test("the alpha of a probe without error is 0", () => {
    expect(estimateAlphas([reading({ error: 0, kld: 0.001 })], floor)[0]?.alpha).toBe(0);
  });
});
