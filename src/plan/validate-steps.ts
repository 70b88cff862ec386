import type { Settings, Variant } from "../recipe/settings.js";
import { gateLimits } from "../release/gates.js";
import { baseLogits } from "../stages/validate/base-logits.js";
import { checkStructure } from "../stages/validate/check-structure.js";
import { measureQuality, referenceInput } from "../stages/validate/measure-quality.js";
import { noiseFloor } from "../stages/validate/noise-floor.js";
import { dealChunks, leastChunks } from "../stages/validate/sequential.js";
import { corpusInputs, corpusTexts } from "./corpus-files.js";
import type { PlanFacts } from "./facts.js";
import { from, step } from "./make-step.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";
import { apartInput } from "./text-steps.js";

/** Base logits beyond this come in parts, of which one at a time need be on the disk (`keepIntermediates: false`). */
const partBytes = 2e9;

/** How many parts the base logits of the evaluation text come in. */
export function logitParts({ evaluation: { chunks, context } }: Settings, { model }: PlanFacts): number {
  return partsOf(predictBytes.baseLogits(model, chunks, context), chunks);
}

/** How many parts logits of this size come in, of a text of so many chunks. */
export function partsOf(logitBytes: number, chunks: number): number {
  return Math.max(1, Math.min(Math.ceil(logitBytes / partBytes), Math.floor(chunks / leastChunks)));
}

/** Evaluates the base on one part of the text and, with the first part, finds what its own rounding does. */
export function baseSteps(settings: Settings, facts: PlanFacts, part: number): Step[] {
  const { context } = settings.evaluation;
  const of = logitParts(settings, facts);
  const chunks = partChunks(settings, of, part);
  const params = { texts: corpusTexts("evaluation", settings, facts), chunks, context, part: { index: part, of } };
  const model = { model: from("convert", "model.gguf") };
  const inputs = { ...model, ...corpusInputs("evaluation", settings, facts) };
  const bytes = predictBytes.baseLogits(facts.model, chunks, context);
  const base = step(baseStep(part), baseLogits, params, inputs, bytes);
  if (part > 0) return [base];
  const noiseInputs = { ...model, ...baseInputs(part) };
  return [base, step("validate:base:noise", noiseFloor, {}, noiseInputs, blockBytes(settings, facts))];
}

/** Looks at a variant's file before anything runs it. */
export function structureStep({ name, kind }: Variant): Step {
  const inputs = {
    model: from(`quantize:${name}`, "model.gguf"),
    base: from("convert", "model.gguf"),
    quantize: from(`quantize:${name}`, "quantize.json"),
    ...(kind === "dynamic" ? { allocation: from(`allocate:${name}`, "allocation.json") } : {}),
  };
  return step(structureId(name), checkStructure, {}, inputs, predictBytes.report(), name);
}

/** Measures a variant on one part of the text, going on from the part before. */
export function qualityStep({ name }: Variant, settings: Settings, facts: PlanFacts, part: number): Step {
  const parts = logitParts(settings, facts);
  // Nobody limits a variant by its own figures.
  const limits = gateLimits(settings.gates).filter(({ limit }) => typeof limit === "number" || limit.of !== name);
  const named = limits.flatMap(({ limit }) => (typeof limit === "number" ? [] : [limit.of]));
  const references = [...new Set(named)].map((of): [string, StepInput] => [
    referenceInput(of),
    from(qualityId(of, part, parts), "quality.json"),
  ]);
  const inputs = {
    model: from(`quantize:${name}`, "model.gguf"),
    structure: from(structureId(name), "structure.json"),
    ...baseInputs(part),
    ...(part === 0 ? {} : { before: from(qualityId(name, part - 1, parts), "quality.json") }),
    ...Object.fromEntries(references),
    ...apartInput(settings, facts),
  };
  const params = { limits, referenced: isReference(name, settings), parts };
  const bytes = blockBytes(settings, facts);
  return step(qualityId(name, part, parts), measureQuality, params, inputs, bytes, name);
}

/** Variants that limits of others name come first, so that their figures are there. */
export function inMeasuringOrder(settings: Settings): Variant[] {
  const isFirst = ({ name }: Variant) => isReference(name, settings);
  return [...settings.variants.filter(isFirst), ...settings.variants.filter((variant) => !isFirst(variant))];
}

function isReference(name: string, { gates }: Settings): boolean {
  return gateLimits(gates).some(({ limit }) => typeof limit !== "number" && limit.of === name);
}

function partChunks({ evaluation }: Settings, parts: number, part: number): number {
  return Math.floor((evaluation.chunks + parts - 1 - part) / parts);
}

/** A measurement copies the logits of one block of chunks at a time. */
function blockBytes(settings: Settings, facts: PlanFacts): number {
  const { context } = settings.evaluation;
  const chunks = partChunks(settings, logitParts(settings, facts), 0);
  const [largest = []] = dealChunks(chunks, context);
  return predictBytes.baseLogits(facts.model, largest.length, context);
}

/** The step that looks at a variant's file. */
export const structureId = (variant: string) => `validate:${variant}:structure`;
const baseStep = (part: number) => (part === 0 ? "validate:base" : `validate:base:${part + 1}`);

/** The last part's step has the figures of all, and bears the plain name. */
const qualityId = (variant: string, part: number, parts: number) =>
  part === parts - 1 ? `validate:${variant}` : `validate:${variant}:${part + 1}`;

const baseInputs = (part: number) => ({
  base: from(baseStep(part), "base.kld"),
  baseReport: from(baseStep(part), "base.json"),
});
