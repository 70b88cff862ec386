import { estimatePlan } from "../../engine/estimate-plan.js";
import { workspaceAt } from "../../engine/workspace.js";
import { movedRevision } from "../../plan/lock-file.js";
import { jobMatrix } from "../../plan/subsets.js";
import { fileNamePart } from "../../recipe/schema-parts.js";
import type { Settings } from "../../recipe/settings.js";
import { formatBytes } from "../../util/bytes.js";
import { DigestCache } from "../../util/digest-cache.js";
import { errorReport, exitCodeOf } from "../../util/error-report.js";
import { QuantsmithError } from "../../util/errors.js";
import { printableJson } from "../../util/printable.js";
import { quote } from "../../util/quote.js";
import { formatWarning } from "../../util/warnings.js";
import {
  announceHashing,
  computeSentence,
  describeChoice,
  findLock,
  loadSettings,
  type PlanOptions,
  preparePlan,
} from "../prepare-plan.js";
import { note, print, printError, printJson, shorten, textTable } from "../print.js";
import { strictError } from "../strict.js";
import { formatSeconds } from "../views/describe.js";

/** `quantsmith plan`: prints the steps of a run; changes nothing. */
export async function plan(recipe: string, options: PlanOptions & { matrix?: boolean; json?: boolean }): Promise<void> {
  const settings = await loadSettings(recipe, options.pipeline, options);
  const steps = await preparePlan(settings, options, new DigestCache(announceHashing));
  // On one line, as $GITHUB_OUTPUT requires.
  if (options.matrix === true) {
    requireJobName(settings);
    return print(printableJson(jobMatrix(steps.steps)));
  }
  const result = await estimatePlan(steps, workspaceAt(options.out));
  // Only --locked fails for an unreadable lock file.
  const lock = await findLock(settings, options).catch(() => undefined);
  const { engine, why } = steps.convert;
  const moved = lock === undefined ? undefined : movedRevision(steps, lock);
  const notes = [...(moved === undefined ? [] : [moved]), ...steps.notes];
  const error = options.strict === true ? strictError(result.warnings) : undefined;
  if (error !== undefined) process.exitCode = exitCodeOf(error);
  if (options.json === true) {
    return printJson({
      ...result,
      convert: steps.convert,
      compute: describeChoice(steps),
      notes,
      settings: origins(settings),
      ...(error === undefined ? {} : { error: errorReport(error) }),
    });
  }
  const rows = result.steps.map(({ id, status, predictedBytes, seconds, why }) => [
    id,
    status,
    predictedBytes === 0 ? "–" : formatBytes(predictedBytes),
    seconds === undefined ? "–" : `${seconds.toFixed(1)} s`,
    why ?? "",
  ]);
  print(textTable(...withoutEmptyLast(["Step", "Status", "Output size", "Last duration", "Why"], rows)));
  const time = result.seconds === 0 ? "" : `, about ${formatSeconds(result.seconds)} estimated from earlier runs`;
  print(["", `At most ${formatBytes(result.diskPeakBytes)} of additional disk space${time}.`, ""]);
  print([`Conversion: ${engine} (${why}).`, computeSentence(steps), ""]);
  for (const note of notes) print([`Note: ${note}.`, ""]);
  const settingRows = Object.entries(origins(settings)).map(([key, { value, from }]) => [
    key,
    key === "variants"
      ? settings.variants.map(({ name }) => name).join(", ")
      : shorten(JSON.stringify(value ?? null), 60),
    from === "pipeline" ? `pipeline ${settings.pipeline.name}` : from,
  ]);
  print(textTable(["Setting", "Value", "From"], settingRows));
  for (const warning of result.warnings) note(formatWarning(warning));
  if (error !== undefined) printError(error, false);
}

/** Removes the last column of a table if it is empty. */
function withoutEmptyLast(titles: string[], rows: string[][]): [string[], string[][]] {
  if (rows.some((row) => row.at(-1) !== "")) return [titles, rows];
  return [titles.slice(0, -1), rows.map((row) => row.slice(0, -1))];
}

/** Rejects recipe names that are invalid in artifact names, in the glob that finds artifacts or in a line of outputs. */
function requireJobName({ name, file }: Settings): void {
  if (fileNamePart.test(name)) return;
  throw new QuantsmithError(
    "QS-RECIPE-INVALID",
    `the recipe's name ${quote(name)} is not valid in artifact names of a workflow`,
    {
      remedy: "Use a file name of at most 96 letters, digits, `.`, `_` and `-`, starting with a letter or digit.",
      at: { file },
    },
  );
}

/** Returns every merged value with its origin: recipe, pipeline or built-in default. */
function origins(settings: Settings): Record<string, { value: unknown; from: string }> {
  const values = withDeviceIds(settings);
  return Object.fromEntries(
    Object.entries(settings.origins).map(([key, from]) => [key, { value: valueAt(values, key), from }]),
  );
}

/** Returns the settings with device ids instead of devices, as in recipes. */
function withDeviceIds(settings: Settings) {
  return {
    ...settings,
    devices: settings.devices.map(({ id }) => id),
    variants: settings.variants.map((variant) => {
      if (variant.kind !== "dynamic") return variant;
      const { budget } = variant.dynamic;
      if (budget.kind !== "device") return variant;
      return { ...variant, dynamic: { ...variant.dynamic, budget: { ...budget, device: budget.device.id } } };
    }),
  };
}

function valueAt(settings: object, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], settings);
}
