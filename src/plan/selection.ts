import type { Settings } from "../recipe/settings.js";
import { type StageName, stageNames } from "../stages/stage.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import type { Plan, Step } from "./plan.js";
import { isShared, referenceVariants } from "./subsets.js";

/** The part of a recipe to run: `--only`, `--until`, `--variant`, `--shared`. */
export interface Selection {
  only?: StageName;
  until?: StageName;
  variants?: readonly string[];
  /** Only the steps that variants share, for later runs to continue from. */
  shared?: boolean;
}

/**
 * Restricts a plan. Steps after `until` are dropped. Steps outside `only` and of other variants are only reused from
 * the store, so that a release still contains every finished variant.
 * Errors: QS-USAGE for a variant or stage that is not in the recipe.
 */
export function selectSubset(plan: Plan, settings: Settings, selection: Selection): Plan {
  requireKnown(settings, selection);
  if (selection.shared === true) return sharedSubset(plan, selection);
  const { only, until, variants } = selection;
  const selected = new Set(variants?.map((name) => name.toLowerCase()));
  const dynamic = settings.variants.some(
    ({ kind, name }) => kind === "dynamic" && (variants === undefined || selected.has(name.toLowerCase())),
  );
  const isSelected = (step: Step) =>
    // Probes take long, and only dynamic variants read them.
    (step.stage !== "allocate" || dynamic) &&
    (only === undefined || step.stage === only) &&
    (variants === undefined ||
      step.variant === undefined ||
      [step.variant, ...(step.comparatorOf ?? [])].some((name) => selected.has(name.toLowerCase())));
  const last = until ?? only;
  const steps = plan.steps
    .filter((step) => last === undefined || stageNames.indexOf(step.stage) <= stageNames.indexOf(last))
    .map((step) => (isSelected(step) ? step : { ...step, mode: "reuse" as const }));
  if (!steps.some(({ mode }) => mode === "build")) {
    throw new QuantsmithError("QS-USAGE", `the recipe does not have a step in the stage "${only ?? until}"`, {
      remedy:
        only === "publish" ? "Add `--publish` to a whole run, or run `quantsmith publish`." : "Run `quantsmith plan`.",
    });
  }
  // A partial run keeps intermediates, since later runs continue from them.
  const isComplete = last === undefined && variants === undefined;
  return { ...plan, steps, keepIntermediates: plan.keepIntermediates || !isComplete };
}

/** Returns the steps that belong to no variant, and those of reference variants. */
function sharedSubset(plan: Plan, { only, until, variants }: Selection): Plan {
  if (only !== undefined || until !== undefined || variants !== undefined) {
    throw new QuantsmithError("QS-USAGE", "--shared cannot be combined with --only, --until or --variant", {
      remedy: "Run with `--shared` first, then again with `--variant`.",
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
    throw new QuantsmithError(
      "QS-USAGE",
      `the pipeline ${quote(settings.pipeline.name)} does not have the stage ${quote(stage)}`,
      {
        remedy: `Use one of its stages: ${settings.stages.join(", ")}.`,
      },
    );
  }
  const known = new Map(settings.variants.map(({ name }) => [name.toLowerCase(), name]));
  const unknown = variants?.find((name) => !known.has(name.toLowerCase()));
  if (unknown === undefined) return;
  throw new QuantsmithError("QS-USAGE", `the recipe does not have the variant ${quote(unknown)}`, {
    remedy: `Use one of its variants: ${[...known.values()].join(", ")}.`,
  });
}
