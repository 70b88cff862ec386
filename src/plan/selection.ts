import type { Settings } from "../recipe/settings.js";
import { type StageName, stageNames } from "../stages/stage.js";
import { QuantsmithError } from "../util/errors.js";
import type { Plan, Step } from "./plan.js";
import { isShared, referenceVariants } from "./subsets.js";

/** Which part of a recipe to run: `--only`, `--until`, `--variant`, `--shared`. */
export interface Selection {
  only?: StageName;
  until?: StageName;
  variants?: readonly string[];
  /** What the variants share and nothing else, for others to go on from. */
  shared?: boolean;
}

/**
 * Restricts a plan. Steps after `until` are dropped; steps outside `only` and of other variants are only taken from
 * the store, so that a release still holds every variant that is finished.
 * Errors: QS-USAGE for a variant or stage that the recipe does not have.
 */
export function selectSubset(plan: Plan, settings: Settings, selection: Selection): Plan {
  requireKnown(settings, selection);
  if (selection.shared === true) return sharedSubset(plan, selection);
  const { only, until, variants } = selection;
  const wanted = new Set(variants?.map((name) => name.toLowerCase()));
  const dynamic = settings.variants.some(
    ({ kind, name }) => kind === "dynamic" && (variants === undefined || wanted.has(name.toLowerCase())),
  );
  const asked = (step: Step) =>
    // Probes take long, and only dynamic variants read them.
    (step.stage !== "allocate" || dynamic) &&
    (only === undefined || step.stage === only) &&
    (variants === undefined || step.variant === undefined || wanted.has(step.variant.toLowerCase()));
  const last = until ?? only;
  const steps = plan.steps
    .filter((step) => last === undefined || stageNames.indexOf(step.stage) <= stageNames.indexOf(last))
    .map((step) => (asked(step) ? step : { ...step, mode: "reuse" as const }));
  if (!steps.some(({ mode }) => mode === "build")) {
    throw new QuantsmithError("QS-USAGE", `this recipe has no step in the stage "${only ?? until}"`, {
      remedy:
        only === "publish" ? "Add --publish to a whole run, or use `quantsmith publish`." : "See `quantsmith plan`.",
    });
  }
  // Whoever builds a part wants to go on from it later.
  const isComplete = last === undefined && variants === undefined;
  return { ...plan, steps, keepIntermediates: plan.keepIntermediates || !isComplete };
}

/** The steps that belong to no variant, and those of variants that others are compared with. */
function sharedSubset(plan: Plan, { only, until, variants }: Selection): Plan {
  if (only !== undefined || until !== undefined || variants !== undefined) {
    throw new QuantsmithError("QS-USAGE", "--shared goes with none of --only, --until and --variant", {
      remedy: "--shared builds what comes before the variants; then run again with --variant.",
    });
  }
  const references = referenceVariants(plan.steps);
  const steps = plan.steps.filter((step) =>
    step.variant === undefined ? isShared(step) : references.has(step.variant) && step.stage !== "package",
  );
  return { ...plan, steps, keepIntermediates: true };
}

function requireKnown(settings: Settings, { only, until, variants }: Selection): void {
  for (const stage of [only, until]) {
    if (stage === undefined || settings.stages.includes(stage)) continue;
    throw new QuantsmithError("QS-USAGE", `the pipeline ${settings.pipeline.name} has no stage "${stage}"`, {
      remedy: `Its stages are ${settings.stages.join(", ")}.`,
    });
  }
  const known = new Map(settings.variants.map(({ name }) => [name.toLowerCase(), name]));
  const unknown = variants?.find((name) => !known.has(name.toLowerCase()));
  if (unknown === undefined) return;
  throw new QuantsmithError("QS-USAGE", `the recipe has no variant "${unknown}"`, {
    remedy: `Its variants are ${[...known.values()].join(", ")}.`,
  });
}
