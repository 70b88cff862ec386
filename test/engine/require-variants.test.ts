import { join } from "node:path";
import { expect, test } from "vitest";
import { requireVariants } from "../../src/engine/require-variants.js";
import { workspaceAt } from "../../src/engine/workspace.js";
import { failureOf } from "../fixtures/failure.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { releaseFolder } from "../fixtures/release-folder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("a run of one variant does not replace a release by one without the others", async () => {
  const workspace = workspaceAt(temporaryFolder());
  releaseFolder(join(workspace.releases, "demo"), { variants: { Q8_0: 1, Q4_K_M: 2 } });
  const of = (variant: string, mode: "build" | "reuse") => someStep({ id: `quantize:${variant}`, variant, mode });
  const check = (other: "build" | "reuse", judged: string[], replace = false) =>
    requireVariants(somePlan([of("Q8_0", "build"), of("Q4_K_M", other)]), new Set(judged), {
      ...{ workspace, name: "demo", replace },
    });
  const { code, message } = await failureOf(check("reuse", ["Q8_0"]));
  expect([code, message]).toEqual(["QS-RELEASE-VARIANTS", expect.stringContaining("would lack Q4_K_M, of which")]);
  // Finished or failed, explicitly lost, or of a complete run.
  for (const allowed of [
    check("reuse", ["Q8_0", "Q4_K_M"]),
    check("reuse", ["Q8_0"], true),
    check("build", ["Q8_0"]),
  ]) {
    await allowed;
  }
});
