import { expect, test } from "vitest";
import { showResult } from "../../src/cli/show-result.js";
import { printed } from "../fixtures/printed.js";
import { largeReport } from "../fixtures/release-report.js";

test("a run that publishes does not name publishing as the next step", async () => {
  const result = { report: { ...largeReport, release: "/out/releases/large" }, errors: [], compute: {} };
  const hints = async (publish: boolean) =>
    (await printed(() => showResult("large", result, { publish }))).stdout.includes("Next:");
  expect([await hints(false), await hints(true)]).toEqual([true, false]);
});

test("the next step after a recipe with a target is publishing with the recipe", async () => {
  const result = { report: { ...largeReport, release: "/out/releases/large" }, errors: [], compute: {} };
  const { stdout } = await printed(() => showResult("large", { ...result, recipe: "/my recipes/large.yaml" }, {}));
  expect(stdout).toContain("`quantsmith publish /out/releases/large --recipe '/my recipes/large.yaml'`");
});
