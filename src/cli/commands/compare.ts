import { resolve } from "node:path";
import { hubConnection } from "../../hub/connection.js";
import { compareReleases, comparisonCells, comparisonTitles } from "../../release/compare.js";
import type { RunReport } from "../../release/release-report.js";
import { folderSource } from "../../release/verify/folder-source.js";
import { hubSource } from "../../release/verify/hub-source.js";
import { parseRelease } from "../../release/verify/parse-release.js";
import { QuantsmithError } from "../../util/errors.js";
import { interruptSignal } from "../interrupt.js";
import { print, printJson, textTable } from "../print.js";
import { hubRelease } from "../release-target.js";

/** `quantsmith compare`: prints what differs between two releases, local or on the Hub. Errors: QS-VERIFY-TARGET, QS-HUB-*. */
export async function compare(before: string, after: string, options: { json?: boolean }): Promise<void> {
  const signal = interruptSignal();
  const found = compareReleases(await readRelease(before, signal), await readRelease(after, signal));
  if (options.json === true) return printJson(found);
  const { variants, inputs } = found;
  print([...textTable(comparisonTitles, variants.map(comparisonCells)), ""]);
  for (const input of inputs) print(`${input.name}: ${input.before ?? "–"} → ${input.after ?? "–"}`);
  if (inputs.length === 0) print("Source and tools are the same.");
}

async function readRelease(release: string, signal: AbortSignal): Promise<RunReport> {
  const remote = hubRelease(release);
  const source = await (remote === undefined
    ? folderSource(resolve(release), signal)
    : hubSource(hubConnection(), remote, signal));
  const { files } = await source.files();
  const missing = files.every(({ path }) => path !== "release.json");
  const report = missing ? "it contains no release.json" : parseRelease(await source.text("release.json"));
  if (typeof report !== "string") return report;
  const what = missing ? report : `its release.json is invalid: ${report}`;
  throw new QuantsmithError("QS-VERIFY-TARGET", `${source.name} is not a release of quantsmith: ${what}`, {
    remedy: "Pass a release folder, such as `artifacts/releases/<recipe>`, or `hf:org/name` for a release on the Hub.",
  });
}
