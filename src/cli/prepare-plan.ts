import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildPlan } from "../plan/build-plan.js";
import { gatherFacts } from "../plan/gather-facts.js";
import { findLockFile, type LockFile, requireLocked } from "../plan/lock-file.js";
import type { Plan } from "../plan/plan.js";
import type { Selection } from "../plan/selection.js";
import { requireDistinct } from "../queue/require-distinct.js";
import { loadPipeline } from "../recipe/load-pipeline.js";
import { type LoadedRecipe, loadRecipe, loadRecipes } from "../recipe/load-recipe.js";
import { resolveSettings, type Settings } from "../recipe/settings.js";
import { type StageName, stageNames } from "../stages/stage.js";
import { formatBytes } from "../util/bytes.js";
import type { DigestCache } from "../util/digest-cache.js";
import { QuantsmithError } from "../util/errors.js";
import { quote, quoteList } from "../util/quote.js";
import { type ComputeOptions, computeSection } from "./compute-options.js";
import { note } from "./print.js";

/** The options of commands that build a plan, as commander hands them over. */
export interface PlanOptions extends ComputeOptions {
  out: string;
  pipeline?: string;
  only?: string;
  until?: string;
  variant?: string[];
  shared?: boolean;
  /** `--locked`, alone or with the path of a lock file. */
  locked?: boolean | string;
  /** Only of `run`; absent: this machine. */
  executor?: string;
  strict?: boolean;
  /** Only of a queue with a disk limit, which includes its downloads. */
  ownDownloads?: boolean;
}

/** Files of this size take a second or longer to hash. */
const largeBytes = 500e6;

/** Prints a line before a large file is hashed. */
export function announceHashing(path: string, bytes: number): void {
  if (bytes >= largeBytes) note(`hashing ${path} (${formatBytes(bytes)})`);
}

/**
 * Loads, checks and merges a recipe of one model and its pipeline into settings. Errors: QS-USAGE, QS-RECIPE-*,
 * QS-PIPELINE-*.
 */
export async function loadSettings(
  recipePath: string,
  pipeline?: string,
  options: ComputeOptions = {},
): Promise<Settings> {
  const compute = computeSection(options);
  return withPipeline(await loadRecipe(recipePath), pipeline, compute);
}

/**
 * As `loadSettings`; returns settings for each model of the recipe. `namedIn` is the folder of the queue file that names it.
 * Errors: QS-QUEUE-CLASH for two models of one name, too.
 */
export async function loadAllSettings(
  recipePath: string,
  pipeline?: string,
  options: ComputeOptions = {},
  namedIn?: string,
): Promise<Settings[]> {
  const compute = computeSection(options);
  const recipes = await loadRecipes(recipePath, namedIn);
  const all = await Promise.all(recipes.map((loaded) => withPipeline(loaded, pipeline, compute)));
  await requireDistinct(all.map((settings) => ({ settings })));
  return all;
}

async function withPipeline(
  loaded: LoadedRecipe,
  pipeline: string | undefined,
  compute: ReturnType<typeof computeSection>,
): Promise<Settings> {
  return resolveSettings(loaded, await loadPipeline(loaded, pipeline), { compute });
}

/**
 * Builds the plan of the selected part. With `--locked`, fails if any input differs from the lock file.
 * Errors: QS-LOCK-MISSING, QS-LOCK-MOVED, and those of facts and plan.
 */
export async function preparePlan(settings: Settings, options: PlanOptions, digests: DigestCache): Promise<Plan> {
  const selection = selectionOf(options);
  const lock = options.locked === undefined ? undefined : await findLock(settings, options);
  const inJobs = options.executor !== undefined && options.executor !== "local";
  const facts = await gatherFacts(settings, digests, { inJobs, ownDownloads: options.ownDownloads === true });
  const plan = buildPlan(settings, facts, selection);
  if (options.locked === undefined) return plan;
  if (lock === undefined) {
    const named = typeof options.locked === "string";
    const message = named ? `no such lock file: ${options.locked}` : `no lock file found for ${settings.file}`;
    throw new QuantsmithError("QS-LOCK-MISSING", message, {
      remedy: `Copy recipe.lock.yaml of a release to ${settings.name}.lock.yaml beside the recipe, or use \`--locked <file>\`.`,
    });
  }
  requireLocked(plan, lock);
  return plan;
}

/** Returns the sentence about the devices of a plan. */
export function computeSentence({ compute: { reason } }: { compute: Pick<Plan["compute"], "reason"> }): string {
  return `${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}.`;
}

/** Describes the devices of a plan for JSON output. */
export function describeChoice({ compute: { compute, reason } }: Plan) {
  const { backend, devices, driver, placement } = compute;
  return {
    backend,
    devices: devices.map(({ name, description }) => ({ name, description })),
    driver,
    ...placement,
    reason,
  };
}

/** Returns notes for the user about a valid recipe. */
export function settingsNotes(settings: Settings): string[] {
  if (!settings.evaluation.corpus.some((source) => source.kind === "default")) return [];
  return [
    "Note: evaluation uses the bundled text, so metrics are comparable only within this release. For metrics comparable with other releases, use wikitext-2 as in recipes/qwen3-0.6b.yaml.",
  ];
}

/** Returns the named lock file, else the one beside the recipe, else that of the last release. */
export async function findLock(settings: Settings, { locked, out }: PlanOptions): Promise<LockFile | undefined> {
  if (typeof locked === "string") return findLockFile([{ path: locked, folder: dirname(locked) }]);
  const folder = dirname(settings.file);
  return findLockFile([
    { path: join(folder, `${settings.name}.lock.yaml`), folder },
    // The output folder is the user's own, also behind a link.
    { path: join(out, "releases", settings.name, "recipe.lock.yaml"), folder: await realpath(out).catch(() => out) },
  ]);
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
  const stage = stageNames.find((candidate) => candidate === name);
  if (stage !== undefined) return stage;
  throw new QuantsmithError("QS-USAGE", `unknown stage ${quote(name)}`, {
    remedy: `Use ${quoteList(stageNames, "or")}.`,
  });
}
