import { checkGates, describeBreach } from "../../release/check-gates.js";
import type { SmokeFigure } from "../../release/gates.js";
import type {
  SmokeSpeed,
  TaskScore,
  VariantAllocation,
  VariantReport,
  VariantSmoke,
} from "../../release/release-report.js";
import { taskBreaches } from "../../release/task-score.js";
import type { AllocationReport } from "../allocate/allocate-variant.js";
import type { QuantizeReport } from "../quantize/quantize.js";
import { smokeReasons } from "../smoke/smoke-reasons.js";
import type { SmokeReport } from "../smoke/smoke-report.js";
import type { StageContext } from "../stage.js";
import { readReport } from "../step-files.js";
import type { StructureReport } from "../validate/check-structure.js";
import { publicQuality, type ValidateReport } from "../validate/validate-variant.js";
import { collectTasks } from "./collect-tasks.js";
import { type PackagedVariant, type PackageParams, taskInput, variantInput } from "./package-params.js";

export type VariantSources = Pick<StageContext, "input" | "digest" | "steps">;
type VerdictParams = Pick<PackageParams, "measured" | "smokeTested" | "smokeLimits" | "tasks">;

/** Returns the input names that `collectVariant` reads; a plan may omit some of them. */
export function verdictInputs(variant: string, tasks: PackageParams["tasks"]): string[] {
  const kinds = ["model", "quantize", "allocation", "structure", "quality", "smoke"] as const;
  return [
    ...kinds.map((kind) => variantInput(kind, variant)),
    ...tasks.flatMap(({ name }) => [taskInput(name), taskInput(name, variant)]),
  ];
}

/**
 * A reason why a variant did not pass. `unmeasured`: a required step has no result, not a fault of the variant.
 */
export interface VerdictReason {
  kind: "structure" | "quality" | "smoke" | "unmeasured";
  text: string;
}

export interface CollectedVariant {
  report: VariantReport;
  /** The reasons behind `report.reasons`, in the same order. */
  reasons: readonly VerdictReason[];
}

/**
 * Returns the results of one variant and its verdict; undefined if it was not quantized, or if a step of the verdict was
 * neither selected nor finished before. The verdict is final after the steps of `verdictInputs` have ended.
 */
export async function collectVariant(
  { name, file }: PackagedVariant,
  params: VerdictParams,
  sources: VariantSources,
): Promise<CollectedVariant | undefined> {
  const quantized = await readReport<QuantizeReport>(sources.input(variantInput("quantize", name)));
  const sha256 = sources.digest(variantInput("model", name));
  if (quantized === undefined || sha256 === undefined) return undefined;
  const quality = await readReport<ValidateReport>(sources.input(variantInput("quality", name)));
  const smoke = await readReport<SmokeReport>(sources.input(variantInput("smoke", name)));
  if (quality === undefined && params.measured && isUnselected(`validate:${name}`, sources)) return undefined;
  if (smoke === undefined && params.smokeTested && isUnselected(`smoke:${name}`, sources)) return undefined;
  const tasks = await collectTasks(name, params.tasks, sources);
  if (tasks.length < params.tasks.length && isUnselected(`validate:${name}`, sources)) return undefined;
  const allocation = await readReport<AllocationReport>(sources.input(variantInput("allocation", name)));
  const structure = await readReport<StructureReport>(sources.input(variantInput("structure", name)));
  const reasons = [
    ...qualityReasons(structure, quality, params),
    ...smokeVerdict(smoke, params),
    ...taskReasons(tasks, params),
  ];
  const report: VariantReport = {
    name,
    file,
    bytes: quantized.bytes,
    bitsPerWeight: quantized.bitsPerWeight,
    sha256,
    types: quantized.types,
    ...(allocation === undefined ? {} : { allocation: publicAllocation(allocation) }),
    ...(quantized.rounding === undefined ? {} : { rounding: quantized.rounding }),
    quality: quality === undefined ? null : publicQuality(quality),
    smoke: smoke === undefined ? null : publicSmoke(smoke, name, sources),
    ...(tasks.length === 0 ? {} : { tasks }),
    gate: reasons.length === 0 ? "passed" : "failed",
    reasons: reasons.map(({ text }) => text),
  };
  return { report, reasons };
}

function isUnselected(step: string, sources: VariantSources): boolean {
  return sources.steps().some(({ id, unselected }) => id === step && unselected === true);
}

/** Returns the reasons of structure and quality; a planned measurement without a result is one. */
function qualityReasons(
  structure: StructureReport | undefined,
  quality: ValidateReport | undefined,
  params: VerdictParams,
): VerdictReason[] {
  if (!params.measured) return [];
  const problems = structure?.problems ?? [];
  if (problems.length > 0) return problems.map((problem) => ({ kind: "structure", text: `structure: ${problem}` }));
  if (quality === undefined) return [{ kind: "unmeasured", text: "it could not be measured" }];
  return quality.breaches.map((breach) => ({ kind: "quality", text: describeBreach(breach) }));
}

function smokeVerdict(smoke: SmokeReport | undefined, params: VerdictParams): VerdictReason[] {
  if (!params.smokeTested) return [];
  if (smoke === undefined) return [{ kind: "unmeasured", text: "it could not be smoke-tested" }];
  const breaches = checkGates(vectorFigures(smoke), params.smokeLimits).map(describeBreach);
  return [...smokeReasons(smoke), ...breaches].map((text) => ({ kind: "smoke", text }));
}

function taskReasons(scores: readonly TaskScore[], { tasks }: VerdictParams): VerdictReason[] {
  const missing = tasks.filter((limit) => !scores.some(({ name }) => name === limit.name));
  return [
    ...missing.map(({ name }) => ({ kind: "unmeasured" as const, text: `the task ${name} could not be measured` })),
    ...taskBreaches(scores, tasks).map((text) => ({ kind: "quality" as const, text })),
  ];
}

/** Reads the speed from the step's record, since `smoke.json` is equal on all machines. */
function publicSmoke(smoke: SmokeReport, variant: string, sources: VariantSources): VariantSmoke {
  const { passed, failed, problem } = smoke;
  const step = sources.steps().find(({ id }) => id === `smoke:${variant}`);
  const speed = step?.measurements as SmokeSpeed | undefined;
  return {
    ...{ passed, failed, ...vectorFigures(smoke) },
    ...(speed?.loadSeconds === undefined ? {} : { speed }),
    ...(problem === null ? {} : { problem }),
    answers: smoke.answers.map(({ tokens: _tokens, cosine: _cosine, ...answer }) => answer),
  };
}

/** Returns the figures of an embedding model or a reranker, without those that are undefined; none for a text model. */
function vectorFigures({ answers, rankCorrelation }: SmokeReport): Pick<VariantSmoke, SmokeFigure> {
  const cosines = answers.map(({ cosine }) => cosine);
  const isComplete = cosines.length > 0 && cosines.every((cosine) => typeof cosine === "number");
  return {
    ...(isComplete ? { cosineToBase: Math.min(...cosines) } : {}),
    ...(typeof rankCorrelation === "number" ? { rankToBase: rankCorrelation } : {}),
  };
}

function publicAllocation({ budgetBytes, predictedKld, boundGap, probes }: AllocationReport): VariantAllocation {
  return { budgetBytes, predictedKld, boundGap, probes };
}
