import { isComparatorName } from "../quant/names.js";
import type { Settings, Variant } from "../recipe/settings.js";
import { type GateLimit, gateLimits } from "../release/gates.js";
import { baseLogits } from "../stages/validate/base-logits.js";
import { checkStructure } from "../stages/validate/check-structure.js";
import { categoryInput, combineBase, combineCategories, positionInput } from "../stages/validate/combine-categories.js";
import { noiseFloor } from "../stages/validate/noise-floor.js";
import { dealChunks } from "../stages/validate/sequential-verdict.js";
import { referenceInput, validateVariant } from "../stages/validate/validate-variant.js";
import { categoryInputs, categoryTexts } from "./corpus-files.js";
import { evaluatedBase } from "./evaluated-base.js";
import { basePartId, type EvaluationPart, evaluationParts, variantPartId } from "./evaluation-parts.js";
import type { PlanFacts } from "./facts.js";
import { outputOf, step } from "./make-step.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";
import { overlapCheckInput } from "./text-steps.js";

/** Evaluates the base on one part of the text. */
export function baseStep(settings: Settings, facts: PlanFacts, part: EvaluationPart): Step {
  const { category, segment: index, of, chunks, context } = part;
  const params = { texts: categoryTexts(category, settings, facts), chunks, context, part: { index, of } };
  const inputs = { model: evaluatedBase(settings), ...categoryInputs(category, settings, facts) };
  const bytes = predictBytes.baseLogits(facts.model, chunks, context);
  return step(basePartId(part), baseLogits, params, inputs, bytes);
}

/** Measures the noise of the base's own rounding on one part of the text. */
export function noiseStep(settings: Settings, facts: PlanFacts, part: EvaluationPart): Step {
  const inputs = { model: evaluatedBase(settings), ...baseInputs(part) };
  return step("validate:base:noise", noiseFloor, {}, inputs, blockBytes(part, facts));
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

/** Measures a variant on one part of the text, continuing from the segment before. */
export function validateStep({ name }: Variant, settings: Settings, facts: PlanFacts, part: EvaluationPart): Step {
  const { category, segment, of } = part;
  const inputs = {
    model: outputOf(`quantize:${name}`, "model.gguf"),
    structure: outputOf(structureId(name), "structure.json"),
    ...baseInputs(part),
    ...(segment === 0
      ? {}
      : { before: outputOf(variantPartId(name, { ...part, segment: segment - 1 }), "quality.json") }),
    ...overlapCheckInput(settings, facts),
  };
  // The block that is measured, and the next one.
  const bytes = 2 * blockBytes(part, facts);
  const id = variantPartId(name, part);
  if (category !== undefined) {
    // Measured to the end, since gates and figures are of all categories.
    return step(id, validateVariant, { limits: [], referenced: false, parts: of }, inputs, bytes, name);
  }
  const limits = limitsOf(name, settings);
  const references = referenceInputs(limits, (variant) => variantPartId(variant, part));
  // A comparator is measured in the same blocks as variants, some of which may end early.
  const params = { limits, referenced: isComparatorName(name) || isReference(name, settings), parts: of };
  return step(id, validateVariant, params, { ...inputs, ...references }, bytes, name);
}

/** Combines the categories of the base and of each variant, and judges the variants; none without categories. */
export function categorySteps(variants: readonly Variant[], settings: Settings, facts: PlanFacts): Step[] {
  const parts = evaluationParts(settings, facts);
  const last = parts.filter(({ segment, of, byPosition }) => segment === of - 1 && !byPosition);
  const shorter = parts.filter(({ byPosition }) => byPosition);
  const categories = last.flatMap(({ category }) => category?.name ?? []);
  if (categories.length === 0) return [];
  const positions = shorter.map(({ category, context }) => ({ category: category?.name ?? "", context }));
  const inputsOf = (
    these: readonly EvaluationPart[],
    file: string,
    nameOf: (category: string, context: number) => string,
    id: (part: EvaluationPart) => string,
  ) =>
    Object.fromEntries(
      these.map((part): [string, StepInput] => [
        nameOf(part.category?.name ?? "", part.context),
        { kind: "step", step: id(part), file, optional: true },
      ]),
    );
  const bytes = predictBytes.report();
  return [
    step(
      "validate:base",
      combineBase,
      { categories },
      inputsOf(last, "base.json", categoryInput, (part) => basePartId({ ...part, segment: 0 })),
      bytes,
    ),
    ...variants.map(({ name }) => {
      const limits = limitsOf(name, settings);
      const inputs = {
        ...inputsOf(last, "quality.json", categoryInput, (part) => variantPartId(name, part)),
        ...inputsOf(shorter, "quality.json", positionInput, (part) => variantPartId(name, part)),
        ...referenceInputs(limits, (variant) => `validate:${variant}`),
      };
      return step(`validate:${name}`, combineCategories, { categories, positions, limits }, inputs, bytes, name);
    }),
  ];
}

/** Returns the limits of a variant's metrics, which are not its own; a comparator has none. */
function limitsOf(name: string, { gates }: Settings): GateLimit[] {
  if (isComparatorName(name)) return [];
  return gateLimits(gates).filter(({ limit }) => typeof limit === "number" || limit.of !== name);
}

function referenceInputs(limits: readonly GateLimit[], id: (variant: string) => string): Record<string, StepInput> {
  const named = new Set(limits.flatMap(({ limit }) => (typeof limit === "number" ? [] : [limit.of])));
  return Object.fromEntries([...named].map((of) => [referenceInput(of), outputOf(id(of), "quality.json")]));
}

/** Returns the variants with reference variants of limits first, since the limits need their metrics. */
export function measurementOrder(settings: Settings): Variant[] {
  const isFirst = ({ name }: Variant) => isReference(name, settings);
  return [...settings.variants.filter(isFirst), ...settings.variants.filter((variant) => !isFirst(variant))];
}

function isReference(name: string, { gates }: Settings): boolean {
  return gateLimits(gates).some(({ limit }) => typeof limit !== "number" && limit.of === name);
}

/** Bytes of a copy of the logits of one block of chunks. */
function blockBytes({ chunks, context }: EvaluationPart, facts: PlanFacts): number {
  const [largest = []] = dealChunks(chunks, context);
  return predictBytes.baseLogits(facts.model, largest.length, context);
}

/** Returns the id of the step that checks the structure of a variant's file. */
export const structureId = (variant: string) => `validate:${variant}:structure`;

const baseInputs = (part: EvaluationPart) => ({
  base: outputOf(basePartId(part), "base.kld"),
  baseReport: outputOf(basePartId(part), "base.json"),
});
