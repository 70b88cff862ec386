import { expect, test } from "vitest";
import { showResult } from "../../src/cli/show-result.js";
import { printed } from "../fixtures/printed.js";
import { largeReport } from "../fixtures/release-report.js";

const report = { ...largeReport, release: "/out/releases/large" };
const result = { report, errors: [], compute: {}, recipe: "/my recipes/large.yaml" };

test("a run that publishes does not name publishing as the next step", async () => {
  const hints = async (publish: boolean) =>
    (await printed(() => showResult("large", result, { publish }))).stdout.includes("Next:");
  expect([await hints(false), await hints(true)]).toEqual([true, false]);
});

test.each([
  [{}, "--recipe '/my recipes/large.yaml'"],
  [{ isMember: true }, "--to hf:me/large"],
])("the next step after a recipe with a target is publishing to it: %j", async (options, expected) => {
  const target = { kind: "hub", repo: "me/large", via: "branch" } as const;
  const { stdout } = await printed(() => showResult("large", { ...result, target }, options));
  expect(stdout).toContain(`\`quantsmith publish /out/releases/large ${expected}\``);
});
