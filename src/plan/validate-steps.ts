import { isComparatorName } from "../quant/names.js";
import type { Settings, Variant } from "../recipe/settings.js";
import { gateLimits } from "../release/gates.js";
import { baseLogits } from "../stages/validate/base-logits.js";
import { checkStructure } from "../stages/validate/check-structure.js";
import { noiseFloor } from "../stages/validate/noise-floor.js";
import { dealChunks, minChunks } from "../stages/validate/sequential-verdict.js";
import { referenceInput, validateVariant } from "../stages/validate/validate-variant.js";
import { corpusInputs, corpusTexts } from "./corpus-files.js";
import { evaluatedBase } from "./evaluated-base.js";
import type { PlanFacts } from "./facts.js";
import { outputOf, step } from "./make-step.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";
import { overlapCheckInput } from "./text-steps.js";

/** Larger base logits are split into segments, of which only one must be on disk (`keepIntermediates: false`). */
const maxSegmentBytes = 2e9;

/** Returns the number of segments of the base logits of the evaluation text. */
export function logitSegments({ evaluation: { chunks, context } }: Settings, { model }: PlanFacts): number {
  return segmentCount(predictBytes.baseLogits(model, chunks, context), chunks);
}

/** Returns the number of segments of logits of this size, for a text of so many chunks. */
export function segmentCount(logitBytes: number, chunks: number): number {
  return Math.max(1, Math.min(Math.ceil(logitBytes / maxSegmentBytes), Math.floor(chunks / minChunks)));
}

/**
 * Evaluates the base on one segment of the text and, with the first segment, measures the noise of its own rounding.
 */
export function baseSteps(settings: Settings, facts: PlanFacts, segment: number): Step[] {
  const { context } = settings.evaluation;
  const of = logitSegments(settings, facts);
  const chunks = segmentChunks(settings, of, segment);
  const params = { texts: corpusTexts("evaluation", settings, facts), chunks, context, part: { index: segment, of } };
  const model = { model: evaluatedBase(settings) };
  const inputs = { ...model, ...corpusInputs("evaluation", settings, facts) };
  const bytes = predictBytes.baseLogits(facts.model, chunks, context);
  const base = step(baseStepId(segment), baseLogits, params, inputs, bytes);
  if (segment > 0) return [base];
  const noiseInputs = { ...model, ...baseInputs(segment) };
  return [base, step("validate:base:noise", noiseFloor, {}, noiseInputs, blockBytes(settings, facts))];
}

/** Checks the structure of a variant's file before any program runs it. */
export function structureStep({ name, kind }: Variant): Step {
  const inputs = {
    model: outputOf(`quantize:${name}`, "model.gguf"),
    base: outputOf("convert", "model.gguf"),
    quantize: outputOf(`quantize:${name}`, "quantize.json"),
    ...(kind === "dynamic" ? { allocation: outputOf(`allocate:${name}`, "allocation.json") } : {}),
  };
  return step(structureId(name), checkStructure, {}, inputs, predictBytes.report(), name);
}

/** Measures a variant on one segment of the text, continuing from the segment before. */
export function validateStep({ name }: Variant, settings: Settings, facts: PlanFacts, segment: number): Step {
  const segments = logitSegments(settings, facts);
  const isComparator = isComparatorName(name);
  // A variant is not limited by its own metrics.
  const limits = gateLimits(isComparator ? {} : settings.gates).filter(
    ({ limit }) => typeof limit === "number" || limit.of !== name,
  );
  const named = limits.flatMap(({ limit }) => (typeof limit === "number" ? [] : [limit.of]));
  const references = [...new Set(named)].map((of): [string, StepInput] => [
    referenceInput(of),
    outputOf(validateId(of, segment, segments), "quality.json"),
  ]);
  const inputs = {
    model: outputOf(`quantize:${name}`, "model.gguf"),
    structure: outputOf(structureId(name), "structure.json"),
    ...baseInputs(segment),
    ...(segment === 0 ? {} : { before: outputOf(validateId(name, segment - 1, segments), "quality.json") }),
    ...Object.fromEntries(references),
    ...overlapCheckInput(settings, facts),
  };
  // A comparator is measured in the same blocks as variants, some of which may end early.
  const params = { limits, referenced: isComparator || isReference(name, settings), parts: segments };
  // The block that is measured, and the next one.
  const bytes = 2 * blockBytes(settings, facts);
  return step(validateId(name, segment, segments), validateVariant, params, inputs, bytes, name);
}

/** Returns the variants with reference variants of limits first, since the limits need their metrics. */
export function measurementOrder(settings: Settings): Variant[] {
  const isFirst = ({ name }: Variant) => isReference(name, settings);
  return [...settings.variants.filter(isFirst), ...settings.variants.filter((variant) => !isFirst(variant))];
}

function isReference(name: string, { gates }: Settings): boolean {
  return gateLimits(gates).some(({ limit }) => typeof limit !== "number" && limit.of === name);
}

function segmentChunks({ evaluation }: Settings, segments: number, segment: number): number {
  return Math.floor((evaluation.chunks + segments - 1 - segment) / segments);
}

/** Bytes of a copy of the logits of one block of chunks. */
function blockBytes(settings: Settings, facts: PlanFacts): number {
  const { context } = settings.evaluation;
  const chunks = segmentChunks(settings, logitSegments(settings, facts), 0);
  const [largest = []] = dealChunks(chunks, context);
  return predictBytes.baseLogits(facts.model, largest.length, context);
}

/** Returns the id of the step that checks the structure of a variant's file. */
export const structureId = (variant: string) => `validate:${variant}:structure`;
const baseStepId = (segment: number) => (segment === 0 ? "validate:base" : `validate:base:${segment + 1}`);

/** The last segment's step has the metrics of all segments, and the plain id. */
const validateId = (variant: string, segment: number, segments: number) =>
  segment === segments - 1 ? `validate:${variant}` : `validate:${variant}:${segment + 1}`;

const baseInputs = (segment: number) => ({
  base: outputOf(baseStepId(segment), "base.kld"),
  baseReport: outputOf(baseStepId(segment), "base.json"),
});
