import { resolve } from "node:path";
import { requireRecipe } from "../../engine/require-recipe.js";
import type { PublishOperation } from "../../stages/publish/operations.js";
import { previewPublish, publishTo } from "../../stages/publish/publish.js";
import { addressOf, parseTarget, type TargetText } from "../../stages/publish/target.js";
import { count } from "../../util/count.js";
import { interruptSignal } from "../interrupt.js";
import { loadSettings } from "../prepare-plan.js";
import { note, print, printJson, problemLines } from "../print.js";
import { describeOperation } from "../views/describe-operation.js";
import { uploadProgress } from "../views/upload-progress.js";

export interface PublishCommandOptions extends TargetText {
  recipe?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** `quantsmith publish`: publishes a release folder. */
export async function publish(release: string, options: PublishCommandOptions): Promise<void> {
  const recipeSettings = options.recipe === undefined ? undefined : await loadSettings(options.recipe, undefined);
  const target = parseTarget(options, recipeSettings?.publish?.target);
  const folder = resolve(release);
  if (recipeSettings !== undefined) await requireRecipe(folder, recipeSettings);
  const signal = interruptSignal();
  const done = options.dryRun !== true;
  const write = options.json === true ? note : print;
  const onWait = () => note("waiting for another process that publishes to the same folder");
  const onPlan = (operations: readonly PublishOperation[]) => {
    for (const operation of operations) write(describeOperation(operation));
  };
  const { report, place, dir, hub, verified } = done
    ? await publishTo(folder, target, { signal, onProgress: uploadProgress(note), onPlan, onWait })
    : await previewPublish(folder, target, signal);
  if (verified?.ok === false) process.exitCode = 3;
  const variants = report.variants.map(({ file }) => file);
  if (options.json === true) {
    const to = options.to ?? addressOf(target);
    const document = {
      release: folder,
      to,
      published: done,
      variants,
      ...(hub ? { hub } : {}),
      ...(dir ? { dir } : {}),
    };
    const { ok, problems } = verified ?? {};
    return printJson(verified ? { ...document, verified: { ok, problems } } : document);
  }
  note(problemLines(verified?.problems ?? []));
  const operations = (hub ?? dir)?.operations ?? [];
  if (!done) onPlan(operations);
  if (operations.length === 0) return print(`${place} already contains this release`);
  print(`${done ? "Published" : "Would publish"} ${count(variants.length, "variant")} of ${folder} to ${place}`);
}
