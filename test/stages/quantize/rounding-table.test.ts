import { expect, test } from "vitest";
import type { RoundedTensor } from "../../../src/llamacpp/round.js";
import { feedbackReport, weightRounding } from "../../../src/stages/quantize/rounding-table.js";

const result: RoundedTensor = {
  ...{ tensor: "a", input: "a", damping: 0.03, feedback: true, signal: 0, offset: 0, bytes: 8 },
  results: [{ type: "q4_K", loss: 2, nearest: 4 }],
};

test("every reason for rounding to nearest", () => {
  expect(weightRounding("a", "Q4_K", result)).toMatchObject({ nearest: null, losses: { feedback: 2, nearest: 4 } });
  expect(weightRounding("a", "Q4_K", { ...result, feedback: false })).toMatchObject({ nearest: "no-gain" });
  expect(weightRounding("a", "Q4_K", { ...result, damping: null })).toMatchObject({
    nearest: "singular",
    losses: null,
  });
  expect(weightRounding("a", "Q4_K", { ...result, input: null })).toMatchObject({ nearest: "no-moments" });
  expect(weightRounding("a", "Q4_K", undefined)).toMatchObject({ nearest: "no-moments" });
});

test("the report weights losses by elements and lists the tensors rounded to nearest", () => {
  const table = {
    tensors: [
      weightRounding("a", "Q4_K", result),
      weightRounding("b", "Q4_K", { ...result, results: [{ type: "q4_K", loss: 1, nearest: 4 }] }),
      weightRounding("c", "Q4_K", { ...result, feedback: false }),
      weightRounding("d", "Q4_K", undefined),
    ],
  };
  const elements = new Map(Object.entries({ a: 300, b: 100, c: 1000, d: 1000 }));
  expect(feedbackReport(table, elements)).toEqual({
    method: "feedback",
    tensors: 2,
    lossRatio: (300 * 0.5 + 100 * 0.25) / 400,
    nearest: [
      { name: "c", reason: "no-gain" },
      { name: "d", reason: "no-moments" },
    ],
  });
  expect(feedbackReport({ tensors: [] }, elements).lossRatio).toBeNull();
});
