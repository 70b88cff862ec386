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
  const rules = readLock(lock);
  const files = new Set(report.variants.flatMap(variantFiles).map(({ file }) => file));
  const strays = [...models.keys()].filter((file) => isModelName(file) && !files.has(file));
  return [
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

const lockShape = z.object({
  variants: z.array(z.object({ name: z.string() })).optional(),
  gates: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
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

/** Reads variant names and numeric limits. Relative limits are skipped: they were checked on common chunks only. */
function readLock(text: string | undefined): LockRules {
  const none: LockRules = { variants: undefined, limits: [], smoke: [], tasks: [] };
  if (text === undefined) return none;
  try {
    const { variants, gates, tasks = [] } = lockShape.parse(parseForeignYaml(text));
    const limits = gateLimits((gates ?? {}) as Gates).filter(({ limit }) => typeof limit === "number");
    const names = variants === undefined ? undefined : new Set(variants.map(({ name }) => name));
    return { variants: names, limits, smoke: smokeLimits((gates ?? {}) as Gates), tasks };
  } catch {
    return none;
  }
}

/** A release must contain only variants that passed. */
function checkVerdict(
  { name, gate, reasons, smoke, quality, tasks = [] }: VariantReport,
  rules: LockRules,
): VerifyProblem[] {
  const figures = quality as unknown as Record<GateFigure, unknown> | null;
  const measured = figures !== null && gateFigures.every((figure) => typeof figures[figure] === "number");
  const breaches = [
    ...(measured ? checkGates(figures as Record<GateFigure, number>, rules.limits) : []),
    ...(smoke === null ? [] : checkGates<SmokeFigure>(smoke, rules.smoke)),
  ].map(describeBreach);
  const drops = taskBreaches(tasks, rules.tasks);
  const unmeasured = figures !== null && !measured ? ["its metrics are not all numbers"] : [];
  const failed = (smoke?.failed ?? 0) > 0 ? [`it failed ${smoke?.failed} smoke tests`] : [];
  const why = [...new Set([...reasons, ...breaches, ...drops, ...unmeasured, ...failed])];
  if (gate === "passed" && why.length === 0) return [];
  const message = `the variant ${name} did not pass: ${why.join("; ") || "its gate failed"}`;
  return [errorProblem("QS-VERIFY-GATE", "release.json", message)];
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
