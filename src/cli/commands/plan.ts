import { estimatePlan, type PlanEstimate } from "../../engine/estimate-plan.js";
import { workspaceAt } from "../../engine/workspace.js";
import { movedRevision } from "../../plan/lock-file.js";
import type { Plan } from "../../plan/plan.js";
import { jobMatrix } from "../../plan/subsets.js";
import { fileNamePart } from "../../recipe/schema-parts.js";
import type { Settings } from "../../recipe/settings.js";
import { restrictedInputs } from "../../release/restricted-inputs.js";
import { formatBytes } from "../../util/bytes.js";
import { DigestCache } from "../../util/digest-cache.js";
import { type ErrorReport, errorFrom, errorReport, formatError } from "../../util/error-report.js";
import { QuantsmithError } from "../../util/errors.js";
import { printableJson } from "../../util/printable.js";
import { quote } from "../../util/quote.js";
import { formatWarning } from "../../util/warnings.js";
import {
  announceHashing,
  computeSentence,
  describeChoice,
  findLock,
  loadAllSettings,
  loadSettings,
  type PlanOptions,
  preparePlan,
} from "../prepare-plan.js";
import { note, print, printJson, shorten, textTable } from "../print.js";
import { strictError } from "../strict.js";
import { formatSeconds } from "../views/describe.js";

interface PlanCommandOptions extends PlanOptions {
  json?: boolean;
}

/** `quantsmith plan`: prints the steps of a run of each model; changes nothing. */
export async function plan(recipe: string, options: PlanCommandOptions & { matrix?: boolean }): Promise<void> {
  const digests = new DigestCache(announceHashing);
  if (options.matrix === true) return printMatrix(recipe, options, digests);
  const all = await loadAllSettings(recipe, options.pipeline, options);
  const documents = [];
  for (const settings of all) {
    const document = await describePlan(settings, options, digests);
    documents.push(document);
    if (document.error !== undefined) process.exitCode = errorFrom(document.error).exitCode;
    if (options.json === true) continue;
    if (all.length > 1) print([`${settings.name}:`, ""]);
    printPlan(document, settings);
    if (all.length > documents.length) print("");
  }
  if (options.json === true) printJson(all.length === 1 ? documents[0] : { models: documents });
}

/** Prints the job matrix of a recipe of one model on one line, as $GITHUB_OUTPUT requires. */
async function printMatrix(recipe: string, options: PlanOptions, digests: DigestCache): Promise<void> {
  const settings = await loadSettings(recipe, options.pipeline, options);
  requireJobName(settings);
  print(printableJson(jobMatrix((await preparePlan(settings, options, digests)).steps)));
}

interface PlanDocument extends PlanEstimate {
  /** Name of the release. */
  name: string;
  convert: Plan["convert"];
  compute: ReturnType<typeof describeChoice>;
  notes: string[];
  settings: ReturnType<typeof origins>;
  /** With `--strict`, for warnings. */
  error?: ErrorReport;
}

/** Plans one model. Returns the document for JSON. */
async function describePlan(settings: Settings, options: PlanOptions, digests: DigestCache): Promise<PlanDocument> {
  const plan = await preparePlan(settings, options, digests);
  const estimate = await estimatePlan(plan, workspaceAt(options.out));
  // Only --locked fails for an unreadable lock file.
  const lock = await findLock(settings, options).catch(() => undefined);
  const moved = lock === undefined ? undefined : movedRevision(plan, lock);
  const refused = await publishRefusal(plan, settings);
  const error = options.strict === true ? strictError(estimate.warnings) : undefined;
  return {
    name: settings.name,
    ...estimate,
    convert: plan.convert,
    compute: describeChoice(plan),
    notes: [...[moved, refused].filter((text) => text !== undefined), ...plan.notes],
    settings: origins(settings),
    ...(error === undefined ? {} : { error: errorReport(error) }),
  };
}

/** Returns a note if `run --publish` will refuse the recipe's target; undefined also if the Hub does not say so. */
async function publishRefusal({ report }: Plan, { publish }: Settings): Promise<string | undefined> {
  const { lock } = report.params;
  const inputs = restrictedInputs(lock);
  if (publish === undefined || (!inputs.private && inputs.gated === false)) return undefined;
  try {
    const { requireTargetAllowed } = await import("../../stages/publish/publish.js");
    await requireTargetAllowed(publish.target, lock, new AbortController().signal);
  } catch (error) {
    const isRefused = error instanceof QuantsmithError && ["QS-PUBLISH-PUBLIC", "QS-PUBLISH-OPEN"].includes(error.code);
    if (isRefused)
      return `\`run --publish\` will fail (${error.code}): ${error.message}. ${error.remedy.replace(/\.$/, "")}`;
  }
  return undefined;
}

function printPlan(document: PlanDocument, settings: Settings): void {
  const rows = document.steps.map(({ id, status, predictedBytes, seconds, why }) => [
    id,
    status,
    predictedBytes === 0 ? "–" : formatBytes(predictedBytes),
    seconds === undefined ? "–" : `${seconds.toFixed(1)} s`,
    why ?? "",
  ]);
  print(textTable(...withoutEmptyLast(["Step", "Status", "Output size", "Last duration", "Why"], rows)));
  const time = document.seconds === 0 ? "" : `, about ${formatSeconds(document.seconds)} estimated from earlier runs`;
  print(["", `At most ${formatBytes(document.diskPeakBytes)} of additional disk space${time}.`, ""]);
  const { convert, compute } = document;
  print([`Conversion: ${convert.engine} (${convert.why}).`, computeSentence({ compute }), ""]);
  for (const note of document.notes) print([`Note: ${note}.`, ""]);
  const settingRows = Object.entries(document.settings).map(([key, { value, from }]) => [
    key,
    key === "variants"
      ? settings.variants.map(({ name }) => name).join(", ")
      : shorten(JSON.stringify(value ?? null), 60),
    from === "pipeline" ? `pipeline ${settings.pipeline.name}` : from,
  ]);
  print(textTable(["Setting", "Value", "From"], settingRows));
  for (const warning of document.warnings) note(formatWarning(warning));
  if (document.error !== undefined) note(formatError(document.error));
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
