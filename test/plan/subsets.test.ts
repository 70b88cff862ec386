import { expect, test } from "vitest";
import { selectSubset } from "../../src/plan/selection.js";
import { jobMatrix, referenceVariants } from "../../src/plan/subsets.js";
import { demoRecipe } from "../fixtures/cli.js";
import { planned, plannedSteps } from "../fixtures/planned-steps.js";

const recipe = demoRecipe.replace("[Q8_0]", "[Q8_0, Q4_K_M, { name: Q4_K_S, dynamic: { sizeOf: Q4_K_M } }]");
const relative = `${recipe}gates: { kldMean: { max: { of: Q4_K_M, ratio: 2 } } }\n`;

test("each variant gets a job unless others are measured against it", async () => {
  const names = (steps: Awaited<ReturnType<typeof plannedSteps>>) => jobMatrix(steps).include.map((job) => job.variant);
  expect(names(await plannedSteps(recipe))).toEqual(["Q8_0", "Q4_K_M", "Q4_K_S"]);
  const steps = await plannedSteps(relative);
  expect([...referenceVariants(steps)]).toEqual(["Q4_K_M"]);
  expect(names(steps)).toEqual(["Q8_0", "Q4_K_S"]);
});

test("the shared subset has the steps before the variants, and the reference variants", async () => {
  const plan = await planned(`${relative}pipeline: release\n`.replace("pipeline: preview\n", ""));
  const settings = { stages: ["smoke"], variants: [] } as unknown as Parameters<typeof selectSubset>[1];
  const shared = selectSubset({ ...plan, keepIntermediates: false }, settings, { shared: true });
  expect(shared.steps.map(({ id }) => id)).toEqual([
    "fetch",
    "convert",
    "calibrate",
    "validate:base",
    "validate:base:noise",
    "allocate:errors",
    "allocate:base",
    "allocate:probes",
    "smoke:base",
    "quantize:Q4_K_M",
    "validate:Q4_K_M:structure",
    "validate:Q4_K_M",
    "smoke:Q4_K_M",
  ]);
  expect(shared.keepIntermediates).toBe(true);
  expect(() => selectSubset(plan, settings, { shared: true, until: "smoke" })).toThrow(
    "--shared cannot be combined with",
  );
});
