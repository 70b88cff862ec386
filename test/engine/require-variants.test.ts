import { join } from "node:path";
import { expect, test } from "vitest";
import { requireVariants } from "../../src/engine/require-variants.js";
import { workspaceAt } from "../../src/engine/workspace.js";
import type { Plan } from "../../src/plan/plan.js";
import { failureOf } from "../fixtures/failure.js";
import { somePlan } from "../fixtures/plan.js";
import { releaseFolder } from "../fixtures/release-folder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("a run does not replace a release by one without variants that it neither built nor rejected", async () => {
  const workspace = workspaceAt(temporaryFolder());
  releaseFolder(join(workspace.releases, "demo"), { variants: { Q8_0: 1, Q4_K_M: 2 } });
  const plan = somePlan([]);
  const params = { ...plan.report.params, variants: [{ name: "Q8_0" }, { name: "Q4_K_M" }] };
  const check = (judged: string[], replace = false) =>
    // Only the names are read.
    requireVariants({ ...plan, report: { ...plan.report, params } } as unknown as Plan, new Set(judged), {
      ...{ workspace, name: "demo", replace },
    });
  const { code, message } = await failureOf(check(["Q8_0"]));
  expect([code, message]).toEqual(["QS-RELEASE-VARIANTS", expect.stringContaining("would lack Q4_K_M, so")]);
  // Finished or failed, and explicitly lost.
  await check(["Q8_0", "Q4_K_M"]);
  await check(["Q8_0"], true);
});
