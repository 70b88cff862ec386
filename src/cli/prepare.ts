import { buildPlan } from "../plan/build-plan.js";
import { gatherFacts } from "../plan/gather-facts.js";
import type { Plan } from "../plan/plan.js";
import type { Selection } from "../plan/selection.js";
import { loadPipeline } from "../recipe/load-pipeline.js";
import { loadRecipe } from "../recipe/load-recipe.js";
import { resolveSettings, type Settings } from "../recipe/settings.js";
import { type StageName, stageNames } from "../stages/stage.js";
import type { DigestCache } from "../util/digest-cache.js";
import { QuantsmithError } from "../util/errors.js";

/** The options that `run` and `plan` share, as commander hands them over. */
export interface PlanOptions {
  out: string;
  pipeline?: string;
  only?: string;
  until?: string;
  variant?: string[];
}

/** From a recipe's path to its settings: load, merge, check. Errors: QS-RECIPE-*, QS-PIPELINE-*. */
export async function loadSettings(recipePath: string, pipeline?: string): Promise<Settings> {
  const loaded = await loadRecipe(recipePath);
  return resolveSettings(loaded, await loadPipeline(loaded, pipeline));
}

/** From settings to the plan of the asked-for part. */
export async function planFor(settings: Settings, options: PlanOptions, digests: DigestCache): Promise<Plan> {
  const selection = selectionOf(options);
  return buildPlan(settings, await gatherFacts(settings, digests), selection);
}

function selectionOf({ only, until, variant }: PlanOptions): Selection {
  return {
    ...(only === undefined ? {} : { only: stageOf(only) }),
    ...(until === undefined ? {} : { until: stageOf(until) }),
    ...(variant === undefined ? {} : { variants: variant }),
  };
}

function stageOf(name: string): StageName {
  const stage = stageNames.find((known) => known === name);
  if (stage !== undefined) return stage;
  throw new QuantsmithError("QS-USAGE", `there is no stage "${name}"`, {
    remedy: `The stages are ${stageNames.join(", ")}.`,
  });
}
