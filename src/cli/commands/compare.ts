import { resolve } from "node:path";
import { hubConnection } from "../../hub/connection.js";
import { answerLines, compareReleases, comparisonCells, comparisonTitles } from "../../release/compare.js";
import type { RunReport } from "../../release/release-report.js";
import { folderSource } from "../../release/verify/folder-source.js";
import { hubSource } from "../../release/verify/hub-source.js";
import { interruptSignal } from "../interrupt.js";
import { print, printJson, textTable } from "../print.js";
import { readReport } from "../read-report.js";
import { hubRelease } from "../release-target.js";

/** `quantsmith compare`: prints what differs between two releases, local or on the Hub. Errors: QS-VERIFY-TARGET, QS-VERIFY-EDITED, QS-HUB-*. */
export async function compare(before: string, after: string, options: { json?: boolean }): Promise<void> {
  const signal = interruptSignal();
  const found = compareReleases(await readRelease(before, signal), await readRelease(after, signal));
  if (options.json === true) return printJson(found);
  const { variants, inputs } = found;
  print([...textTable(comparisonTitles, variants.map(comparisonCells)), ""]);
  const answers = variants.flatMap(answerLines);
  if (answers.length > 0) print([...answers, ""]);
  for (const input of inputs) print(`${input.name}: ${input.before ?? "–"} → ${input.after ?? "–"}`);
  if (inputs.length === 0) print("Source and tools are the same.");
}

async function readRelease(release: string, signal: AbortSignal): Promise<RunReport> {
  const remote = hubRelease(release);
  return readReport(
    await (remote === undefined ? folderSource(resolve(release), signal) : hubSource(hubConnection(), remote, signal)),
  );
}
