import { expect, test } from "vitest";
import { compareAnswers, taskBreaches, taskRows } from "../../src/release/task-score.js";
import { randomIntegers } from "../fixtures/random.js";

const answers = (text: string) => [...text].map((one) => one === "1");

test("accuracies and their paired change are those of the answers", () => {
  const score = compareAnswers(answers("1111110000"), answers("1111000001"));
  expect(score).toMatchObject({ questions: 10, baseAccuracy: 60, accuracy: 50, lost: 2, gained: 1, change: -10 });
  // Agresti and Coull: 7 of 14. Agresti and Min: (2.5 + 1.5 - 1/12) / 12².
  expect(score.accuracyError).toBeCloseTo(100 * Math.sqrt(0.25 / 14), 10);
  expect(score.changeError).toBeCloseTo((100 * Math.sqrt(4 - 1 / 12)) / 12, 10);
});

test("no error is 0, and of answers that mostly agree, the change is more exact than the accuracies", () => {
  const all = compareAnswers(answers("1111"), answers("1111"));
  expect([all.accuracyError > 0, all.changeError > 0]).toEqual([true, true]);
  const alike = compareAnswers(answers("10".repeat(200)), answers(`0000${"10".repeat(198)}`));
  expect(alike.changeError).toBeLessThan(alike.accuracyError / 5);
});

test("intervals of two errors contain the true change in 95 % of simulated measurements", () => {
  const next = randomIntegers(7);
  // 10 % lost and 4 % gained: a change of -6 points.
  const inside = Array.from({ length: 2000 }, () => {
    const drawn = Array.from({ length: 100 }, () => next(1000) / 1000);
    const base = drawn.map((value) => value < 0.1 || value > 0.5);
    const variant = drawn.map((value) => (value >= 0.1 && value < 0.14) || value > 0.5);
    const { change, changeError } = compareAnswers(base, variant);
    return Math.abs(change + 6) < 1.96 * changeError;
  }).filter(Boolean).length;
  expect(inside / 2000).toBeGreaterThan(0.94);
  expect(inside / 2000).toBeLessThan(0.975);
});

test("a variant below the base by more than the limit is a breach", () => {
  const named = {
    ...{ name: "arc", kind: "multiple-choice", file: "arc.bin", sha256: "ab" },
    ...compareAnswers(answers("1110"), answers("1000")),
  };
  expect(taskBreaches([named], [{ name: "arc", maxDrop: 50 }, { name: "other" }])).toEqual([]);
  expect(taskBreaches([named], [{ name: "arc", maxDrop: 49 }])).toEqual([
    "arc: 25.0 ± 17.1 % of the answers are right, 50.0 points fewer than the base's; at most 49 are allowed",
  ]);
  expect(taskRows([{ name: "Q4_K_M", tasks: [named] }, { name: "Q8_0" }])).toEqual([
    ["Q4_K_M", "arc", "4", "25.0 ± 17.1 %", "75.0 ± 17.1 %", "−50.0 ± 25.5"],
  ]);
});
