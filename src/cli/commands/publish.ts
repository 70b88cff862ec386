import { resolve } from "node:path";
import { requireRecipe } from "../../engine/require-recipe.js";
import { sourceIdentity } from "../../recipe/source-identity.js";
import type { PublishOperation } from "../../stages/publish/operations.js";
import { previewPublish, publishTo } from "../../stages/publish/publish.js";
import { previewRollback, rollBack } from "../../stages/publish/roll-back.js";
import { addressOf, parseTarget, type TargetText } from "../../stages/publish/target.js";
import { count } from "../../util/count.js";
import { QuantsmithError } from "../../util/errors.js";
import { formatWarning, type Warning } from "../../util/warnings.js";
import { interruptSignal } from "../interrupt.js";
import { loadSettings } from "../prepare-plan.js";
import { note, print, printJson, problemLines } from "../print.js";
import { describeOperation } from "../views/describe-operation.js";
import { uploadProgress } from "../views/upload-progress.js";

export interface PublishCommandOptions extends TargetText {
  recipe?: string;
  /** Commit with the release to publish again. */
  rollback?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** `quantsmith publish`: publishes a release folder, or a former release of the repository. */
export async function publish(release: string | undefined, options: PublishCommandOptions): Promise<void> {
  const source = sourceOf(release, options);
  const recipeSettings = options.recipe === undefined ? undefined : await loadSettings(options.recipe, undefined);
  const target = parseTarget(options, recipeSettings?.publish?.target);
  if (recipeSettings !== undefined && "release" in source) {
    const model = await sourceIdentity(recipeSettings.model.source);
    await requireRecipe(source.release, { ...recipeSettings, source: model });
  }
  const signal = interruptSignal();
  const done = options.dryRun !== true;
  const write = options.json === true ? note : print;
  const onWait = (owner: string) => note(`waiting for another process that publishes to the same folder: ${owner}`);
  const onPlan = (operations: readonly PublishOperation[]) => {
    for (const operation of operations) write(describeOperation(operation));
  };
  const onWarnings = (warnings: readonly Warning[]) => {
    for (const warning of warnings) note(formatWarning(warning));
  };
  const hooks = { signal, onProgress: uploadProgress(note), onPlan, onWarnings, onWait };
  const { report, place, dir, hub, verified } = await ("release" in source
    ? done
      ? publishTo(source.release, target, hooks)
      : previewPublish(source.release, target, signal)
    : done
      ? rollBack(source.rollback, target, hooks)
      : previewRollback(source.rollback, target, signal));
  if (verified?.ok === false) process.exitCode = 3;
  const variants = report.variants.map(({ file }) => file);
  if (options.json === true) {
    const to = options.to ?? addressOf(target);
    const document = {
      ...source,
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
  if (!done) {
    onWarnings(hub?.warnings ?? []);
    onPlan(operations);
  }
  if (operations.length === 0) return print(`${place} already contains this release`);
  const from = "release" in source ? source.release : `the commit ${source.rollback}`;
  print(`${done ? "Published" : "Would publish"} ${count(variants.length, "variant")} of ${from} to ${place}`);
}

/** Returns the release folder, or the commit to roll back to. Errors: QS-USAGE. */
function sourceOf(
  release: string | undefined,
  { rollback }: PublishCommandOptions,
): { release: string } | { rollback: string } {
  if (release !== undefined && rollback === undefined) return { release: resolve(release) };
  if (release === undefined && rollback !== undefined) return { rollback };
  throw new QuantsmithError("QS-USAGE", "publish needs either a release folder or --rollback", {
    remedy:
      "Write `quantsmith publish <release> --to <target>`, or `quantsmith publish --rollback <commit> --to <target>`.",
  });
}
