import { dirname, join } from "node:path";
import { buildPlan } from "../plan/build-plan.js";
import { gatherFacts } from "../plan/gather-facts.js";
import { findLockFile, type LockFile, requireLocked } from "../plan/lock-file.js";
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
  shared?: boolean;
  /** `--locked`, alone or with the path of a lock file. */
  locked?: boolean | string;
}

/** From a recipe's path to its settings: load, merge, check. Errors: QS-RECIPE-*, QS-PIPELINE-*. */
export async function loadSettings(recipePath: string, pipeline?: string): Promise<Settings> {
  const loaded = await loadRecipe(recipePath);
  return resolveSettings(loaded, await loadPipeline(loaded, pipeline));
}

/**
 * From settings to the plan of the asked-for part. With `--locked` it must be what the lock file says.
 * Errors: QS-LOCK-MISSING, QS-LOCK-MOVED, and those of facts and plan.
 */
export async function preparePlan(settings: Settings, options: PlanOptions, digests: DigestCache): Promise<Plan> {
  const selection = selectionOf(options);
  const lock = options.locked === undefined ? undefined : await findLock(settings, options);
  const plan = buildPlan(settings, await gatherFacts(settings, digests), selection);
  if (options.locked === undefined) return plan;
  if (lock === undefined) {
    const named = typeof options.locked === "string";
    const message = named ? `there is no file ${options.locked}` : `there is no lock file for ${settings.file}`;
    throw new QuantsmithError("QS-LOCK-MISSING", message, {
      remedy: `Put the recipe.lock.yaml of a release beside the recipe as ${settings.name}.lock.yaml, or name it: --locked <file>.`,
    });
  }
  requireLocked(plan, lock);
  return plan;
}

/** What a user should know about a recipe that is not wrong. */
export function settingsNotes(settings: Settings): string[] {
  if (!settings.evaluation.corpus.some((source) => source.kind === "default")) return [];
  return [
    "Note: evaluation uses the text that comes with quantsmith. Its figures compare variants with each other; to compare them with other people's, name wikitext-2 as recipes/qwen3-0.6b.yaml does.",
  ];
}

/** The lock file that was named, else the one beside the recipe, else that of the last release. */
export async function findLock(settings: Settings, { locked, out }: PlanOptions): Promise<LockFile | undefined> {
  if (typeof locked === "string") return findLockFile([locked]);
  const beside = join(dirname(settings.file), `${settings.name}.lock.yaml`);
  return findLockFile([beside, join(out, "releases", settings.name, "recipe.lock.yaml")]);
}

function selectionOf({ only, until, variant, shared }: PlanOptions): Selection {
  return {
    ...(only === undefined ? {} : { only: stageOf(only) }),
    ...(until === undefined ? {} : { until: stageOf(until) }),
    ...(variant === undefined ? {} : { variants: variant }),
    ...(shared === undefined ? {} : { shared }),
  };
}

function stageOf(name: string): StageName {
  const stage = stageNames.find((known) => known === name);
  if (stage !== undefined) return stage;
  throw new QuantsmithError("QS-USAGE", `there is no stage "${name}"`, {
    remedy: `The stages are ${stageNames.join(", ")}.`,
  });
}
