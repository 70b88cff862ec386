import type { Plan } from "../plan/plan.js";
import type { RunReport } from "../release/release-report.js";
import { collectReport } from "../stages/package/collect-report.js";
import { QuantsmithError } from "../util/errors.js";
import { installRelease, withdrawRelease } from "./install-release.js";
import type { RunOutcome } from "./run-plan.js";
import { inputDigests, inputPath } from "./step-inputs.js";
import type { Workspace } from "./workspace.js";

/**
 * Ends a run: collects the report, then installs the packaged release, or removes the old release when every variant
 * was judged and none passed. `errors` are all failures; the first decides the exit code.
 */
export async function finishRun(
  plan: Plan,
  outcome: RunOutcome,
  workspace: Workspace,
  signal: AbortSignal,
): Promise<{ report: RunReport; errors: unknown[]; withdrawn: boolean }> {
  const { records, store } = outcome;
  const { inputs } = plan.report;
  // A partial plan judges variants only by its own measurements.
  const has = (stage: string) => plan.steps.some((step) => step.stage === stage);
  const { measured, smokeTested } = plan.report.params;
  const params = {
    ...plan.report.params,
    measured: measured && has("validate"),
    smokeTested: smokeTested && has("smoke"),
  };
  const digests = inputDigests(inputs, records);
  const { report, rejected } = await collectReport(params, {
    input: (name) => inputPath(inputs, name, records, store),
    digest: (name) => digests[name],
    steps: () => outcome.steps,
  });
  const judged = outcome.steps.some(({ stage }) => stage === "package");
  const failed = judged ? rejected : [];

  const errors = outcome.errors.map(({ error }) => error);
  const nothing = errors.findIndex((error) => error instanceof QuantsmithError && error.code === "QS-PACKAGE-NOTHING");
  // The variants' own errors are more specific than QS-PACKAGE-NOTHING.
  if (nothing >= 0 && errors.length + failed.length > 1) errors.splice(nothing, 1);
  if (failed.length > 0) errors.push(gateError(failed));

  const packaged = records.get("package");
  let release: string | null = null;
  let withdrawn = false;
  if (packaged !== undefined) {
    const folder = store.folder("package", packaged.key);
    release = await installRelease(workspace, plan.name, { folder, record: packaged }, signal);
  } else if (nothing >= 0 && failed.length === params.variants.length) {
    withdrawn = await withdrawRelease(workspace, plan.name, signal);
  }
  return { report: { ...report, release }, errors, withdrawn };
}

function gateError(variants: readonly string[]): QuantsmithError {
  return new QuantsmithError(
    "QS-GATE-FAILED",
    `${variants.join(", ")} did not pass and ${variants.length > 1 ? "are" : "is"} not in the release`,
    {
      remedy: "Read the reasons below the table, then change the variant or its gate.",
    },
  );
}
