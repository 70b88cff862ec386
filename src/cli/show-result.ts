import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { figureCells, figureTitles } from "../release/figures.js";
import type { RunReport } from "../release/release-report.js";
import { taskRows, taskTitles } from "../release/task-score.js";
import { markdownTable, markdownText } from "../report/markdown.js";
import { addressOf, type PublishTarget } from "../stages/publish/target.js";
import { errorReport, formatError } from "../util/error-report.js";
import { shellPath } from "../util/shell-word.js";
import { note, print, printJson, textTable } from "./print.js";

interface RunResult {
  report: RunReport;
  errors: readonly unknown[];
  compute: object;
  recipe: string;
  /** The recipe's own. */
  target?: PublishTarget | undefined;
}

interface ShowOptions {
  json?: boolean;
  publish?: boolean;
  /** Whether it is one of several models, for which `publish` does not take a recipe. */
  isMember?: boolean;
}

/**
 * Prints the result of a run, as JSON with the devices of its plan, and appends its table to the step summary of a GitHub job.
 * Names the next commands unless the run publishes.
 */
export async function showResult(
  model: string,
  { report, errors, compute, recipe, target }: RunResult,
  { json = false, publish = false, isMember = false }: ShowOptions,
): Promise<void> {
  const rows = report.variants.map(figureCells);
  if (rows.length > 0) await appendStepSummary(`## ${markdownText(model)}\n\n${markdownTable(figureTitles, rows)}\n`);
  if (json) {
    const [first] = errors;
    return printJson({ ...report, compute, ...(first === undefined ? {} : { error: errorReport(first) }) });
  }
  if (rows.length > 0) print(["", ...textTable(figureTitles, rows), ""]);
  const answers = taskRows(report.variants);
  if (answers.length > 0) print([...textTable(taskTitles, answers), ""]);
  for (const { name, reasons } of report.variants) note(reasons.map((reason) => `${name}: ${reason}`));
  for (const lines of distinct(errors.map((error) => formatError(errorReport(error))))) note(lines);
  if (report.release === null) return;
  print(`Release: ${report.release}`);
  print(`Open ${join(report.release, "report.html")} in a browser; README.md is the model card.`);
  if (publish) return;
  const release = shellPath(report.release);
  const address = target === undefined ? "hf:<user>/<name>" : shellPath(addressOf(target));
  const to = target === undefined || isMember ? `--to ${address}` : `--recipe ${shellPath(recipe)}`;
  print(`Next: \`quantsmith verify ${release}\`, then \`quantsmith publish ${release} ${to}\``);
}

async function appendStepSummary(markdown: string): Promise<void> {
  const path = process.env.GITHUB_STEP_SUMMARY;
  if (!path) return;
  await appendFile(path, markdown).catch((error: Error) => note(`cannot write the step summary: ${error.message}`));
}

/** Steps that fail for the same reason, such as missing tools, share one error. */
function distinct(texts: readonly (readonly string[])[]): Iterable<readonly string[]> {
  return new Map(texts.map((lines) => [lines.join("\n"), lines])).values();
}
