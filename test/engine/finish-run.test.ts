import { join } from "node:path";
import { expect, test } from "vitest";
import { finishRun } from "../../src/engine/finish-run.js";
import { Store } from "../../src/engine/store.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { somePlan } from "../fixtures/plan.js";
import { releaseTarget } from "../fixtures/stored-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("the error of a step comes before that of the report, whose files are damaged, too", async () => {
  const out = temporaryFolder();
  const workspace = await openWorkspace(out);
  const missing = { kind: "outside" as const, path: join(out, "missing"), digest: "0".repeat(64) };
  const plan = somePlan([], { report: { ...somePlan([]).report, inputs: { base: missing } } });
  const error = new QuantsmithError("QS-INPUT-CHANGED", "base changed", { remedy: "Run again." });
  const outcome = { steps: [], records: new Map(), store: new Store(workspace) };
  const target = await releaseTarget(workspace, join(out, "demo.yaml"));
  await expect(finishRun(plan, { ...outcome, errors: [{ step: "package", error }] }, target)).rejects.toBe(error);
  await expect(finishRun(plan, { ...outcome, errors: [] }, target)).rejects.toMatchObject({ code: "ENOENT" });
  await workspace.close();
});
