import { expect, test } from "vitest";
import type { PlanFacts } from "../../src/plan/facts.js";
import { labelPreset } from "../../src/plan/label-preset.js";
import type { RecipeBudget } from "../../src/recipe/settings.js";

const facts = { model: { parameters: 8e9 } } as PlanFacts;
const label = (name: string, budget: RecipeBudget, calibrated = true) =>
  labelPreset(
    { kind: "dynamic", name, path: [], tensors: {}, rounding: "nearest", allowRequantize: false, dynamic: { budget } },
    facts,
    calibrated,
  );

test("a variant with a preset's name is labelled with it at any size", () => {
  expect(label("Q4_K_S", { kind: "sizeOf", preset: "Q4_K_M" })).toBe("Q4_K_S");
  expect(label("q4_k", { kind: "bitsPerWeight", bitsPerWeight: 2.6 })).toBe("Q4_K_M");
});

test("other variants are labelled with the preset nearest in size", () => {
  expect(label("mine", { kind: "sizeOf", preset: "IQ3_M" })).toBe("IQ3_M");
  expect(label("mine", { kind: "bitsPerWeight", bitsPerWeight: 3.99 })).toBe("Q3_K_M");
  expect(label("mine", { kind: "bytes", bytes: 6.6e9 })).toBe("Q6_K");
});

test("labels exclude full-precision and special presets, and without calibration those that need it", () => {
  expect(label("F16", { kind: "bitsPerWeight", bitsPerWeight: 16 })).toBe("Q8_0");
  expect(label("TQ1_0", { kind: "bitsPerWeight", bitsPerWeight: 2.2 })).toBe("IQ1_M");
  expect(label("IQ2_M", { kind: "bitsPerWeight", bitsPerWeight: 2.9 }, false)).toBe("Q2_K");
});
