import { expect, test } from "vitest";
import { dependencies } from "../../src/plan/plan.js";
import { demoRecipe } from "../fixtures/cli.js";
import { plannedSteps } from "../fixtures/planned-steps.js";

const planned = (more: string, vocabulary: number) =>
  plannedSteps(demoRecipe.replace("[Q8_0]", "[Q8_0, Q4_K_M]") + more, { vocabulary });

test("logits above 2 GB are split into segments, each measured for all variants before the next", async () => {
  const steps = await planned("", 4096);
  expect(steps.map(({ id }) => id).filter((id) => id.startsWith("validate:base"))).toHaveLength(2);
  const large = await planned("", 2_000_000);
  const ids = large.map(({ id }) => id).filter((id) => id.startsWith("validate") && !id.includes("structure"));
  expect(ids).toEqual([
    "validate:base",
    "validate:base:noise",
    "validate:Q8_0:1",
    "validate:Q4_K_M:1",
    "validate:base:2",
    "validate:Q8_0",
    "validate:Q4_K_M",
  ]);
  const last = large.find(({ id }) => id === "validate:Q4_K_M");
  expect(last && dependencies(last).map(({ id }) => id)).toEqual([
    "quantize:Q4_K_M",
    "validate:Q4_K_M:structure",
    "validate:base:2",
    "validate:Q4_K_M:1",
  ]);
  const bases = large.filter(({ id }) => id === "validate:base" || id === "validate:base:2");
  expect(bases.map(({ params }) => [params.chunks, params.part])).toEqual([
    [5, { index: 0, of: 2 }],
    [5, { index: 1, of: 2 }],
  ]);
});

test("a reference variant comes first, and is not limited by itself", async () => {
  const steps = await planned("gates: { kldMean: { max: { of: Q4_K_M, ratio: 1 } }, sameTop: { min: 50 } }\n", 4096);
  const measured = steps.filter(({ id }) => /^validate:Q\w+$/.test(id));
  expect(measured.map(({ id }) => id)).toEqual(["validate:Q4_K_M", "validate:Q8_0"]);
  const [first, second] = measured;
  expect([first?.params.referenced, first?.params.limits]).toEqual([
    true,
    [{ figure: "sameTop", bound: "min", limit: 50 }],
  ]);
  expect(second?.params.limits).toHaveLength(2);
  expect(second && dependencies(second).map(({ id }) => id)).toContain("validate:Q4_K_M");
});
