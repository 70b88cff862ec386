import { resolve } from "node:path";
import { checkRelease } from "../../stages/publish/check-release.js";
import { parseTarget, publishTo, requireTarget } from "../../stages/publish/publish.js";
import { interruptSignal } from "../interrupt.js";
import { print, printJson } from "../print.js";

/** `quantsmith publish`: the last stage alone. */
export async function publish(
  release: string,
  options: { to: string; dryRun?: boolean; json?: boolean },
): Promise<void> {
  const target = requireTarget(parseTarget(options.to));
  const folder = resolve(release);
  const done = options.dryRun !== true;
  const report = done ? (await publishTo(folder, target, interruptSignal())).report : await checkRelease(folder);
  const files = report.variants.map(({ file }) => file);
  if (options.json === true) printJson({ release: folder, to: options.to, published: done, variants: files });
  else print(`${done ? "Published" : "Would publish"} ${files.length} variants of ${folder} to ${options.to}`);
}
