import { splitPaths } from "../../gguf/splits.js";
import { variantFileName } from "../../quant/names.js";
import { checkGates, describeBreach } from "../check-gates.js";
import type { GateFigure, SmokeFigure } from "../gates.js";
import { lockFileName } from "../provenance.js";
import type { CategoryQuality, RunReport, VariantReport, VariantSmoke, VariantSplit } from "../release-report.js";
import { isModelName } from "../resolve/gguf-name.js";
import { taskBreaches } from "../task-score.js";
import { variantFiles, weightFiles } from "../variant-files.js";
import { type LockRules, noRules, type ReleaseLock } from "./read-lock.js";
import type { HeaderFacts } from "./release-source.js";
import { errorProblem, restoreRemedy, type VerifyProblem } from "./verify-report.js";

/** Facts read from a model file itself. */
export interface ModelFacts {
  bytes: number;
  sha256: string;
  /** An error message if the header cannot be read. */
  header: HeaderFacts | string;
}

/**
 * Compares every variant of `release.json` with its files and the limits of the lock file, and reports model files missing
 * from `release.json`. A release without a lock file of its own has no limits to compare, so it is invalid.
 */
export function checkVariants(
  report: RunReport,
  models: ReadonlyMap<string, ModelFacts>,
  lock: ReleaseLock | undefined,
): VerifyProblem[] {
  const rules = lock?.rules ?? noRules;
  const files = new Set(report.variants.flatMap(variantFiles).map(({ file }) => file));
  const strays = [...models.keys()].filter((file) => isModelName(file) && !files.has(file));
  return [
    ...(lock === undefined ? [unreadableLock()] : []),
    ...checkRepeated(report),
    ...report.variants.flatMap((variant) => [
      ...checkVerdict(variant, rules),
      ...checkRatios(variant),
      ...checkName(variant, report, rules),
      ...checkFiles(variant, report, models),
    ]),
    ...(report.projectors ?? []).flatMap((one) => checkShared("the projector", one, models)),
    ...(report.mtp === undefined ? [] : checkShared("the MTP layers", report.mtp, models)),
    ...strays.map((file) => errorProblem("QS-VERIFY-VARIANT", file, `${file} is not a variant in release.json`)),
    ...[...models].flatMap(([file, { header }]) => checkHeader(file, header)),
  ];
}

function unreadableLock(): VerifyProblem {
  const message = `${lockFileName} is missing or not the lock file of a release, so its gates cannot be checked`;
  return errorProblem("QS-VERIFY-GATE", lockFileName, message);
}

function checkRepeated(report: RunReport): VerifyProblem[] {
  const names = repeated(report.variants.map(({ name }) => name));
  const files = repeated(weightFiles(report).map(({ file }) => file));
  return [
    ...names.map((name) => errorProblem("QS-VERIFY-VARIANT", "release.json", `the variant ${name} is listed twice`)),
    ...files.map((file) => errorProblem("QS-VERIFY-VARIANT", file, `${file} is listed twice in release.json`)),
  ];
}

function repeated(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(values.filter((value) => seen.size === seen.add(value).size))];
}

/** A release must contain only variants that passed. */
function checkVerdict(variant: VariantReport, rules: LockRules): VerifyProblem[] {
  const { name, gate, reasons, smoke, tasks = [] } = variant;
  const why = new Set([
    ...reasons,
    ...qualityBreaches(variant, rules),
    ...checkGates<SmokeFigure>(smoke ?? {}, rules.smoke).map(describeBreach),
    ...rules.tasks
      .filter((limit) => !tasks.some((score) => score.name === limit.name))
      .map((limit) => `the task ${limit.name} was not measured`),
    ...taskBreaches(tasks, rules.tasks),
    ...(smoke === null && rules.isSmokeTested ? ["it was not smoke-tested, although the lock file has prompts"] : []),
    ...(smoke === null ? [] : smokeBreaches(smoke)),
  ]);
  if (gate === "passed" && why.size === 0) return [];
  const message = `the variant ${name} did not pass: ${[...why].join("; ") || "its gate failed"}`;
  return [errorProblem("QS-VERIFY-GATE", "release.json", message)];
}

/** llama-perplexity prints six decimals. */
const ratioTolerance = 1e-4;

/** Compares each perplexity ratio with its two perplexities. */
function checkRatios({ name, quality, comparator }: VariantReport): VerifyProblem[] {
  const measured: [string, CategoryQuality | null | undefined][] = [
    [name, quality],
    ...Object.entries(quality?.categories ?? {}).map(([of, one]): [string, CategoryQuality] => [`${name}, ${of}`, one]),
    [`${name}, ${comparator?.preset}`, comparator?.quality],
  ];
  return measured.flatMap(([of, found]) => {
    if (!found) return [];
    const { perplexity, basePerplexity, perplexityRatio: stated } = found;
    // JSON has null for a metric that is not a number.
    if ([perplexity, basePerplexity, stated].some((figure: number | null) => figure === null)) return [];
    const ratio = perplexity / basePerplexity;
    if (Number.isFinite(ratio) && Math.abs(stated - ratio) <= ratioTolerance * ratio) return [];
    const message = `the perplexity ratio of ${of} is ${stated}, but its perplexities have ${ratio.toFixed(6)}`;
    return [errorProblem("QS-VERIFY-FIGURE", "release.json", message)];
  });
}

/** Compares the counts of a smoke test with its answers, too, which releases of earlier versions lack. */
function smokeBreaches({ passed, failed, problem, answers }: VariantSmoke): string[] {
  const met = answers?.filter(({ failures, skipped }) => failures.length === 0 && skipped.length === 0).length;
  const unmet = answers?.filter(({ failures }) => failures.length > 0).length ?? 0;
  const all = Math.max(failed, unmet);
  return [
    ...(all > 0 ? [`it failed ${all} smoke tests`] : []),
    ...(problem === undefined ? [] : [`smoke test: ${problem}`]),
    ...(met === undefined || met === passed ? [] : [`${met} of its answers pass the smoke tests instead of ${passed}`]),
  ];
}

/**
 * Every limit needs a metric, as planning requires: without metrics, only a release without limits passes, such as that of
 * an embedding model, whose gates are those of its smoke test. Values are not compared with relative limits, which were
 * checked on common chunks only.
 */
function qualityBreaches({ name, quality }: VariantReport, { limits }: LockRules): string[] {
  if (quality === null) {
    const own = limits.filter(({ limit }) => typeof limit === "number" || limit.of !== name);
    return checkGates<GateFigure>({}, own).map(describeBreach);
  }
  const numeric = limits.filter(({ limit }) => typeof limit === "number");
  return checkGates<GateFigure>(quality, numeric).map(describeBreach);
}

/** Compares only size and digest: a projector or MTP layers do not contain all tensors of the model. */
function checkShared(owner: string, file: VariantSplit, models: ReadonlyMap<string, ModelFacts>): VerifyProblem[] {
  const found = models.get(file.file);
  return found === undefined ? [missing(file, owner)] : figureProblem(file.file, owner, fileDifferences(file, found));
}

function missing({ file }: VariantSplit, owner: string): VerifyProblem {
  return errorProblem("QS-VERIFY-MISSING", file, `${file} of ${owner} is missing`, restoreRemedy);
}

function fileDifferences(listed: VariantSplit, found: ModelFacts): string[] {
  return [differs("sha256", listed.sha256, found.sha256), differs("bytes", listed.bytes, found.bytes)].flat();
}

function checkName({ name, file }: VariantReport, { model }: RunReport, { variants }: LockRules): VerifyProblem[] {
  const expected = variantFileName(model.name, name);
  const problems: VerifyProblem[] = [];
  if (file.replace(/-00001-of-\d{5}(?=\.gguf$)/, "") !== expected) {
    problems.push(
      errorProblem("QS-VERIFY-VARIANT", file, `the file of the variant ${name} is ${file} instead of ${expected}`),
    );
  }
  if (variants?.has(name) === false) {
    problems.push(errorProblem("QS-VERIFY-VARIANT", file, `recipe.lock.yaml does not list the variant ${name}`));
  }
  return problems;
}

/** Compares a variant with its file, or with its splits: each with its own size and digest, and together with the rest. */
function checkFiles(
  variant: VariantReport,
  report: RunReport,
  models: ReadonlyMap<string, ModelFacts>,
): VerifyProblem[] {
  const owner = `the variant ${variant.name}`;
  const files = variantFiles(variant);
  const headers = files.flatMap(({ file }) => models.get(file)?.header ?? []).filter((one) => typeof one !== "string");
  const isComplete = headers.length === files.length;
  return files.flatMap((file, index) => {
    const found = models.get(file.file);
    if (found === undefined) return [missing(file, owner)];
    const required = typeof found.header === "string" ? 0 : found.header.bytes;
    return figureProblem(file.file, owner, [
      ...fileDifferences(file, found),
      ...(required > found.bytes ? [`its size is ${found.bytes} bytes, but its header requires ${required}`] : []),
      ...(index > 0 ? [] : [...splitDifferences(variant), ...budgetExcess(variant)]),
      ...(index === 0 && isComplete ? modelDifferences(variant, report, headers) : []),
    ]);
  });
}

function splitDifferences({ file, sha256, parts }: VariantReport): string[] {
  if (parts === undefined) return [];
  const names = parts.map((part) => part.file);
  const expected = splitPaths(file);
  const isNamed = names.length === expected.length && names.every((name, index) => name === expected[index]);
  return [
    ...(isNamed ? [] : [`the ${names.length} parts in release.json are not the splits of that name`]),
    ...differs("sha256", sha256, parts[0]?.sha256 ?? null),
  ];
}

function budgetExcess({ bytes, allocation }: VariantReport): string[] {
  if (allocation === undefined || allocation === null || bytes <= allocation.budgetBytes) return [];
  return [`its size of ${bytes} bytes exceeds the budget of ${allocation.budgetBytes} bytes`];
}

/** Compares what the headers of all files of a variant say together. */
function modelDifferences(variant: VariantReport, { model }: RunReport, headers: readonly HeaderFacts[]): string[] {
  const parameters = total(headers.map((header) => header.parameters));
  const bits = total(headers.map((header) => header.bitsPerWeight * header.parameters));
  const types: Record<string, number> = {};
  for (const header of headers) {
    for (const [type, count] of Object.entries(header.types)) types[type] = (types[type] ?? 0) + count;
  }
  const architecture = headers[0]?.architecture ?? null;
  return [
    differs("types", typesText(variant.types), typesText(types)),
    differs("bits per weight", round(variant.bitsPerWeight), round(parameters === 0 ? 0 : bits / parameters)),
    differs("architecture", model.architecture ?? architecture, architecture),
    differs("parameters", model.parameters ?? parameters, parameters),
    wholeSize(variant, headers),
  ].flat();
}

/** Bytes of a split's header that the single file lacks: the start of a GGUF file and three keys. */
const splitHeaderBytes = 106;

/**
 * The size of a split variant is that of the single file, which differs by the headers and paddings of the splits; llama.cpp
 * pads each tensor of a split to 32 bytes, also if the single file has another alignment.
 */
function wholeSize({ bytes, parts }: VariantReport, headers: readonly HeaderFacts[]): string[] {
  if (parts === undefined) return [];
  const sum = total(parts.map((part) => part.bytes));
  const alignment = Math.max(...headers.map((header) => header.alignment));
  const isPaddedAnew = headers.some((header) => header.alignment !== alignment);
  const tensors = total(headers.flatMap(({ types }) => Object.values(types)));
  const allowed = headers.length * (splitHeaderBytes + alignment) + (isPaddedAnew ? tensors * alignment : 0);
  return Math.abs(sum - bytes) <= allowed ? [] : differs("bytes of all parts", bytes, sum);
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

function figureProblem(file: string, owner: string, differences: readonly string[]): VerifyProblem[] {
  if (differences.length === 0) return [];
  return [errorProblem("QS-VERIFY-FIGURE", file, `${file} of ${owner}: ${differences.join("; ")}`)];
}

function differs(what: string, reported: number | string | null, found: number | string | null): string[] {
  return reported === found ? [] : [`${what} ${found} instead of ${reported} in release.json`];
}

const round = (value: number) => Number(value.toPrecision(9));

function typesText(types: Readonly<Record<string, number>>): string {
  const counts = Object.entries(types).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return counts.map(([type, count]) => `${count} × ${type}`).join(", ");
}

function checkHeader(file: string, header: HeaderFacts | string): VerifyProblem[] {
  if (typeof header === "string") return [errorProblem("QS-VERIFY-HEADER", file, `${file}: ${header}`)];
  return header.findings.map(({ code, message, remedy }) => ({
    code,
    severity: "error",
    file,
    message: `${file}: ${message}`,
    remedy,
  }));
}
