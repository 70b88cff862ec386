import type { Plan } from "../plan/plan.js";
import type { RunReport } from "../release/release-report.js";
import { collectReport } from "../stages/package/collect-report.js";
import type { ErrorCode } from "../util/error-codes.js";
import { QuantsmithError } from "../util/errors.js";
import { type ChangedRelease, installRelease, type ReleaseTarget, withdrawRelease } from "./install-release.js";
import { losesVariants } from "./loses-variants.js";
import type { RunOutcome } from "./run-plan.js";
import { inputDigests, inputPath } from "./step-inputs.js";

export interface FinishedRun {
  /** `release` is null unless the release of this run is installed. */
  report: RunReport;
  /** All failures; the first decides the exit code. */
  errors: unknown[];
  /** New path of a renamed old release folder: it was not this run's to replace, or has a variant that did not pass. */
  movedTo?: string;
}

/**
 * Ends a run: collects the report, then installs the packaged release, or renames the old release when every variant
 * was judged and none passed. With a `refusal`, an error of the whole run, it leaves the releases as they are.
 */
export async function finishRun(
  plan: Plan,
  outcome: RunOutcome,
  { refusal, ...target }: ReleaseTarget & { refusal?: QuantsmithError | undefined },
): Promise<FinishedRun> {
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
  }).catch((error: unknown) => {
    // What damaged the outputs of a step during the run has failed the step that reads them, with a better reason.
    throw outcome.errors[0]?.error ?? error;
  });
  const judged = outcome.steps.some(({ stage }) => stage === "package");
  const failed = judged ? rejected : [];

  const all = outcome.errors.map(({ error }) => error);
  const isNothing = all.some((error) => isOf(error, ["QS-PACKAGE-NOTHING"]));
  const causes = all.filter((error) => !isOf(error, consequences));
  const errors = causes.length + failed.length > 0 ? causes : all;
  if (failed.length > 0) errors.push(gateError(failed));
  if (refusal !== undefined) errors.push(refusal);

  const packaged = refusal === undefined ? records.get("package") : undefined;
  const withdraws = refusal === undefined && isNothing && failed.length === params.variants.length;
  let changed: ChangedRelease | undefined;
  try {
    if (packaged !== undefined) {
      const keepsFiles = await losesVariants(plan, { passed: passed(report), rejected }, target);
      const folder = store.folder("package", packaged.key);
      changed = await installRelease(target, { folder, record: packaged }, { keepsFiles });
    } else if (withdraws) changed = await withdrawRelease(target, { keepsFiles: true });
  } catch (error) {
    if (!(error instanceof QuantsmithError)) throw error;
    errors.push(error);
  }
  // The hard links of the release have changed the state of the stored files; without this, the next run hashes them.
  for (const { fingerprint, key } of records.values()) await store.find(fingerprint.stage, key);
  const installed = packaged === undefined ? null : (changed?.release ?? null);
  return {
    report: { ...report, release: installed },
    errors,
    ...(changed?.movedTo === undefined ? {} : { movedTo: changed.movedTo }),
  };
}

const passed = ({ variants }: RunReport) => variants.filter(({ gate }) => gate === "passed").map(({ name }) => name);

function gateError(variants: readonly string[]): QuantsmithError {
  return new QuantsmithError(
    "QS-GATE-FAILED",
    `${variants.join(", ")} did not pass and ${variants.length > 1 ? "are" : "is"} not in the release`,
    {
      remedy: "Read the reasons below the table, then change the variant or its gate.",
    },
  );
}

/** Errors of steps that found nothing to work with, since others failed; those are more specific. */
const consequences: readonly ErrorCode[] = ["QS-PACKAGE-NOTHING", "QS-VALIDATE-NONE"];

function isOf(error: unknown, codes: readonly ErrorCode[]): boolean {
  return error instanceof QuantsmithError && codes.includes(error.code);
}
