import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { losesVariants } from "../../src/engine/loses-variants.js";
import { workspaceAt } from "../../src/engine/workspace.js";
import type { Plan } from "../../src/plan/plan.js";
import { failureOf } from "../fixtures/failure.js";
import { somePlan } from "../fixtures/plan.js";
import { releaseFolder } from "../fixtures/release-folder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("a release with variants that are not in the new one stays, or is kept if they were rejected", async () => {
  const workspace = workspaceAt(temporaryFolder());
  const plan = somePlan([]);
  const params = { ...plan.report.params, variants: [{ name: "Q8_0" }, { name: "Q4_K_M" }] };
  const check = (passed: string[], rejected: string[], replace = false) =>
    // Only the names are read.
    losesVariants(
      { ...plan, report: { ...plan.report, params } } as unknown as Plan,
      { passed, rejected },
      { workspace, name: "demo", replace },
    );
  expect(await check(["Q8_0"], ["Q4_K_M"])).toBe(false);
  releaseFolder(join(workspace.releases, "demo"), { variants: { Q8_0: 1, Q4_K_M: 2 } });
  const { code, message } = await failureOf(check(["Q8_0"], []));
  expect([code, message]).toEqual(["QS-RELEASE-VARIANTS", expect.stringContaining("would lack Q4_K_M, so")]);
  expect(await check(["Q8_0", "Q4_K_M"], [])).toBe(false);
  expect(await check(["Q8_0"], ["Q4_K_M"])).toBe(true);
  expect(await check(["Q8_0"], [], true)).toBe(true);
  for (const text of ["{}", undefined]) {
    const report = join(workspace.releases, "demo", "release.json");
    if (text === undefined) rmSync(report);
    else writeFileSync(report, text);
    expect(await check(["Q8_0"], [])).toBe(true);
    expect(await check(["Q8_0", "Q4_K_M"], [])).toBe(false);
  }
});
