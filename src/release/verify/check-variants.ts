import * as z from "zod";
import { variantFileName } from "../../quant/names.js";
import { parseForeignYaml } from "../../util/yaml/parse-foreign-yaml.js";
import { checkGates, describeBreach } from "../check-gates.js";
import {
  type GateFigure,
  type GateLimit,
  type Gates,
  gateFigures,
  gateLimits,
  type SmokeFigure,
  smokeLimits,
} from "../gates.js";
import type { RunReport, VariantReport, VariantSplit } from "../release-report.js";
import { isModelName } from "../resolve/gguf-name.js";
import { type TaskLimit, taskBreaches } from "../task-score.js";
import { variantFiles } from "../variant-files.js";
import type { HeaderFacts } from "./release-source.js";
import { errorProblem, restoreRemedy, type VerifyProblem } from "./verify-report.js";

/** Facts read from a model file itself. */
export interface ModelFacts {
  bytes: number;
  sha256: string;
  /** An error message if the header cannot be read. */
  header: HeaderFacts | string;
}

/** Compares every variant of `release.json` with its file, and reports model files missing from `release.json`. */
export function checkVariants(
  report: RunReport,
  models: ReadonlyMap<string, ModelFacts>,
  lock: string | undefined,
): VerifyProblem[] {
  const read = lock === undefined ? noRules : readLock(lock);
  const rules = read ?? noRules;
  const files = new Set(report.variants.flatMap(variantFiles).map(({ file }) => file));
  const strays = [...models.keys()].filter((file) => isModelName(file) && !files.has(file));
  return [
    ...(read === undefined ? [unreadableLock()] : []),
    ...report.variants.flatMap((variant) => [
      ...checkVerdict(variant, rules),
      ...checkName(variant, report, rules),
      ...(variant.parts === undefined
        ? checkFigures(variant, report, models.get(variant.file))
        : variant.parts.flatMap((split) => checkSplit(`the variant ${variant.name}`, split, models.get(split.file)))),
    ]),
    ...(report.projectors ?? []).flatMap((one) => checkSplit("the projector", one, models.get(one.file))),
    ...(report.mtp === undefined ? [] : checkSplit("the MTP layers", report.mtp, models.get(report.mtp.file))),
    ...strays.map((file) => errorProblem("QS-VERIFY-VARIANT", file, `${file} is not a variant in release.json`)),
    ...[...models].flatMap(([file, { header }]) => checkHeader(file, header)),
  ];
}

const limitShape = z.union([z.number(), z.object({ of: z.string(), ratio: z.number() })]);

const lockShape = z.object({
  variants: z.array(z.object({ name: z.string() })).optional(),
  gates: z.record(z.string(), z.record(z.string(), limitShape)).optional(),
  smoke: z.array(z.unknown()).optional(),
  tasks: z.array(z.object({ name: z.string(), maxDrop: z.number().optional() })).optional(),
});

interface LockRules {
  /** Undefined if the lock file has no `variants`. */
  variants: ReadonlySet<string> | undefined;
  limits: readonly GateLimit[];
  /** Of the smoke test. */
  smoke: readonly GateLimit<SmokeFigure>[];
  tasks: readonly TaskLimit[];
}

const noRules: LockRules = { variants: undefined, limits: [], smoke: [], tasks: [] };

/**
 * Reads variant names and limits; undefined for another file. A recipe without smoke prompts may have a pipeline's limits
 * on vectors, which then do not apply.
 */
function readLock(text: string): LockRules | undefined {
  try {
    const { variants, gates = {}, smoke, tasks = [] } = lockShape.parse(parseForeignYaml(text));
    const names = variants === undefined ? undefined : new Set(variants.map(({ name }) => name));
    const isTested = smoke === undefined || smoke.length > 0;
    const vectors = isTested ? smokeLimits(gates as Gates) : [];
    return { variants: names, limits: gateLimits(gates as Gates), smoke: vectors, tasks };
  } catch {
    return undefined;
  }
}

function unreadableLock(): VerifyProblem {
  const message = "recipe.lock.yaml is not the lock file of a release, so its gates cannot be checked";
  return errorProblem("QS-VERIFY-GATE", "recipe.lock.yaml", message);
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
    ...((smoke?.failed ?? 0) > 0 ? [`it failed ${smoke?.failed} smoke tests`] : []),
  ]);
  if (gate === "passed" && why.size === 0) return [];
  const message = `the variant ${name} did not pass: ${[...why].join("; ") || "its gate failed"}`;
  return [errorProblem("QS-VERIFY-GATE", "release.json", message)];
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
  const figures = quality as unknown as Record<GateFigure, unknown>;
  if (!gateFigures.every((figure) => typeof figures[figure] === "number")) return ["its metrics are not all numbers"];
  const numeric = limits.filter(({ limit }) => typeof limit === "number");
  return checkGates(figures as Record<GateFigure, number>, numeric).map(describeBreach);
}

/** Compares only size and digest: a split or projector does not contain all tensors of the model. */
function checkSplit(owner: string, split: VariantSplit, found: ModelFacts | undefined): VerifyProblem[] {
  const { file } = split;
  if (found === undefined)
    return [errorProblem("QS-VERIFY-MISSING", file, `${file} of ${owner} is missing`, restoreRemedy)];
  const differences = [
    differs("sha256", split.sha256, found.sha256),
    differs("bytes", split.bytes, found.bytes),
  ].flat();
  return figureProblem(file, owner, differences);
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

function checkFigures(variant: VariantReport, { model }: RunReport, found: ModelFacts | undefined): VerifyProblem[] {
  const { file } = variant;
  if (found === undefined) {
    return [
      errorProblem("QS-VERIFY-MISSING", file, `${file} of the variant ${variant.name} is missing`, restoreRemedy),
    ];
  }
  const { header } = found;
  const differences = [
    differs("sha256", variant.sha256, found.sha256),
    differs("bytes", variant.bytes, found.bytes),
    ...(typeof header === "string"
      ? []
      : [
          differs("types", typesText(variant.types), typesText(header.types)),
          differs("bits per weight", round(variant.bitsPerWeight), round(header.bitsPerWeight)),
          differs("architecture", model.architecture ?? header.architecture, header.architecture),
          differs("parameters", model.parameters ?? header.parameters, header.parameters),
        ]),
    variant.allocation !== undefined && variant.allocation !== null && found.bytes > variant.allocation.budgetBytes
      ? [`its size of ${found.bytes} bytes exceeds the budget of ${variant.allocation.budgetBytes} bytes`]
      : [],
    typeof header !== "string" && header.bytes > found.bytes
      ? [`its size is ${found.bytes} bytes, but its header requires ${header.bytes}`]
      : [],
  ].flat();
  return figureProblem(file, `the variant ${variant.name}`, differences);
}

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
