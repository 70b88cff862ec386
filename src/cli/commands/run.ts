import type { QueueMember } from "../../queue/require-distinct.js";
import type { LoadedQueue } from "../../recipe/load-queue.js";
import type { Settings } from "../../recipe/settings.js";
import { type PublishTarget, requireTarget } from "../../stages/publish/target.js";
import { DigestCache } from "../../util/digest-cache.js";
import { errorFrom, exitCodeOf } from "../../util/error-report.js";
import { QuantsmithError } from "../../util/errors.js";
import { interruptSignal } from "../interrupt.js";
import { announceHashing, loadAllSettings, preparePlan } from "../prepare-plan.js";
import { print, printError, printJson } from "../print.js";
import { loadQueued, readQueue } from "../read-queue.js";
import { runMembers } from "../run-members.js";
import { type PreparedRun, publishing, type RunHooks, type RunRecipeOptions, runRecipe } from "../run-recipe.js";
import { showResult } from "../show-result.js";
import { threadCount } from "../thread-count.js";
import { queueTable } from "../views/queue-table.js";

export interface RunCommandOptions extends Omit<RunRecipeOptions, "threads"> {
  threads?: string;
  /** Path of a queue file, instead of recipes. */
  queue?: string;
}

/** `quantsmith run`: builds and measures releases, one after the other, and prints the results. */
export async function run(recipes: readonly string[], given: RunCommandOptions): Promise<void> {
  const { queue, threads, ...rest } = given;
  const options = { ...rest, threads: threadCount(threads) };
  if (queue !== undefined || recipes.length !== 1) return runSeveral(recipes, queue, options);
  const all = await loadAllSettings(recipes[0] ?? "", options.pipeline, options);
  const [settings] = all;
  if (settings === undefined || all.length > 1) return runSeveral(recipes, queue, options);
  const prepared = await prepare(settings, options);
  const show: RunHooks["onResult"] = (model, result) => showResult(model, result, options);
  const { errors, refused } = await runRecipe(prepared, options, { signal: interruptSignal(), onResult: show });
  const [first] = errors;
  if (refused !== undefined) printError(first, options.json === true, { warnings: refused });
  if (first !== undefined) process.exitCode = exitCodeOf(first);
}

/** Runs several models as a queue. Checks all recipes before the first model. */
async function runSeveral(
  recipes: readonly string[],
  file: string | undefined,
  options: RunRecipeOptions,
): Promise<void> {
  const queue = await readQueue("run", recipes, file);
  requirePublish(queue, file, options.publish);
  const members: QueueMember[] = [];
  for (const settings of await loadQueued(queue, (path, namedIn) =>
    loadAllSettings(path, options.pipeline, options, namedIn),
  )) {
    members.push({ settings, ...(await targetOf(settings, options)) });
  }
  const models = await runMembers(members, options, interruptSignal(), queue.maxDiskBytes);
  if (options.json === true) printJson({ models });
  else print(["", ...queueTable(models)]);
  const failed = models.find(({ state }) => state === "failed");
  if (failed?.error !== undefined) process.exitCode = errorFrom(failed.error).exitCode;
}

/** Errors: QS-USAGE for a disk limit without `--publish`. */
function requirePublish({ maxDiskBytes }: LoadedQueue, file = "", publish = false): void {
  if (maxDiskBytes === undefined || publish) return;
  throw new QuantsmithError("QS-USAGE", `\`maxDisk\` of ${file} requires --publish`, {
    remedy: "Add `--publish`: only published releases are removed to save space. Or remove `maxDisk`.",
  });
}

async function prepare(settings: Settings, options: RunRecipeOptions): Promise<PreparedRun> {
  const target = await targetOf(settings, options);
  const digests = new DigestCache(options.quiet === true ? undefined : announceHashing);
  return { settings, digests, ...target, plan: await preparePlan(settings, options, digests) };
}

/** Returns the recipe's target with `--publish`. Errors: QS-PUBLISH-TARGET, those of `requireReachable`. */
export async function targetOf(
  { publish, locate }: Settings,
  options: RunRecipeOptions,
): Promise<{ target?: PublishTarget }> {
  if (options.publish !== true) return {};
  const target = requireTarget(publish?.target, locate([]));
  (await publishing()).requireReachable(target);
  return { target: options.replace === true ? { ...target, replace: true } : target };
}
