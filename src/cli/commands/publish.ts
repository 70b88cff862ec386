import { resolve } from "node:path";
import type { HubOperation } from "../../stages/publish/hub-options.js";
import { previewPublish, publishTo } from "../../stages/publish/publish.js";
import { addressOf, parseTarget, type TargetText } from "../../stages/publish/target.js";
import { formatBytes } from "../../util/bytes.js";
import { interruptSignal } from "../interrupt.js";
import { loadSettings } from "../prepare-plan.js";
import { note, print, printJson, problemLines } from "../print.js";
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
  const signal = interruptSignal();
  const done = options.dryRun !== true;
  const { report, place, hub, verified } = done
    ? await publishTo(folder, target, { signal, onProgress: uploadProgress(note) })
    : await previewPublish(folder, target, signal);
  if (verified?.ok === false) process.exitCode = 3;
  const variants = report.variants.map(({ file }) => file);
  if (options.json === true) {
    const to = options.to ?? addressOf(target);
    const document = { release: folder, to, published: done, variants, ...(hub ? { hub } : {}) };
    const { ok, problems } = verified ?? {};
    return printJson(verified ? { ...document, verified: { ok, problems } } : document);
  }
  note(problemLines(verified?.problems ?? []));
  print((hub?.operations ?? []).map(describe));
  if (hub?.operations.length === 0) return print(`${place} already contains this release`);
  print(`${done ? "Published" : "Would publish"} ${variants.length} variants of ${folder} to ${place}`);
}

function describe(operation: HubOperation): string {
  switch (operation.operation) {
    case "sign":
      return `sign the release as ${operation.path}`;
    case "create-repository":
      return `create the repository, ${operation.visibility}`;
    case "set-gating":
      return `set gated access to ${operation.gated}`;
    case "add":
    case "update":
      return `${operation.operation} ${operation.path} (${formatBytes(operation.bytes)})`;
    case "delete":
      return `delete ${operation.path}`;
    case "commit":
      return `commit to ${operation.revision}: ${operation.title}`;
    case "open-pull-request":
      return `open a pull request: ${operation.title}`;
    case "create-branch":
      return `create the branch ${operation.branch}`;
    case "delete-branch":
      return `delete the branch ${operation.branch}`;
    case "add-to-collection":
      return `add to the collection ${operation.collection}`;
  }
}
