import { resolve } from "node:path";
import * as z from "zod";
import { hubConnection } from "../../hub/connection.js";
import { answerLines, compareReleases, comparisonCells, comparisonTitles } from "../../release/compare.js";
import type { RunReport } from "../../release/release-report.js";
import { checkChecksum } from "../../release/verify/check-files.js";
import { folderSource, releaseRemedy } from "../../release/verify/folder-source.js";
import { hubSource } from "../../release/verify/hub-source.js";
import { parseRelease } from "../../release/verify/parse-release.js";
import { maxTextBytes } from "../../release/verify/release-source.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import { interruptSignal } from "../interrupt.js";
import { print, printJson, textTable } from "../print.js";
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

const comparedAnswer = z.looseObject({
  ...{ prompt: z.string(), projector: z.string().optional() },
  ...{ answer: z.string(), failures: z.array(z.string()) },
});

/** The fields of `release.json` that the comparison shows, of `parseRelease`'s result. */
const compared = z.looseObject({
  model: z.looseObject({ source: z.string(), commit: z.string().nullable() }),
  toolchain: z.record(z.string(), z.string()),
  variants: z.array(
    z.looseObject({
      quality: z
        .looseObject({
          ...{ kldMean: z.number(), kldMeanError: z.number(), sameTop: z.number() },
          ...{ corpusSha256: z.string(), context: z.number(), chunks: z.number() },
        })
        .nullable(),
      smoke: z.looseObject({ answers: z.array(comparedAnswer).optional() }).nullable(),
    }),
  ),
});

async function readRelease(release: string, signal: AbortSignal): Promise<RunReport> {
  const remote = hubRelease(release);
  const source = await (remote === undefined
    ? folderSource(resolve(release), signal)
    : hubSource(hubConnection(), remote, signal));
  const listed = (await source.files()).files.find(({ path }) => path === "release.json");
  if (listed === undefined) throw notRelease(source.name, "it contains no release.json");
  if (listed.bytes > maxTextBytes) throw notRelease(source.name, `its release.json has ${formatBytes(listed.bytes)}`);
  const text = await source.text("release.json");
  const report = parseRelease(text);
  if (typeof report === "string") throw notRelease(source.name, `its release.json is invalid: ${report}`);
  const [issue] = compared.safeParse(report).error?.issues ?? [];
  if (issue !== undefined) {
    throw notRelease(source.name, `its release.json is invalid: ${issue.path.join(".")}: ${issue.message}`);
  }
  const [edited] = checkChecksum(text);
  if (edited === undefined) return report;
  throw new QuantsmithError("QS-VERIFY-EDITED", `${source.name} cannot be compared: ${edited.message}`, {
    remedy: edited.remedy,
  });
}

function notRelease(name: string, why: string): QuantsmithError {
  return new QuantsmithError("QS-VERIFY-TARGET", `${name} cannot be compared: ${why}`, {
    remedy: releaseRemedy,
  });
}
