import { imatrixFileName } from "../quant/names.js";
import type { DynamicVariant, Settings } from "../recipe/settings.js";
import { allocateVariant } from "../stages/allocate/allocate-variant.js";
import type { VariantBudget } from "../stages/allocate/budget.js";
import { defaultTypes, probeTypes } from "../stages/allocate/candidates.js";
import { foreseeChoice } from "../stages/allocate/foresee-choice.js";
import { measureErrors } from "../stages/allocate/measure-errors.js";
import { measureProbes } from "../stages/allocate/measure-probes.js";
import { baseLogits } from "../stages/validate/base-logits.js";
import { projectorOutput, projectorsOf } from "./convert-steps.js";
import { corpusInputs, corpusTexts } from "./corpus-files.js";
import { deviceBudget } from "./device-budget.js";
import { evaluatedBase, usesCopy } from "./evaluated-base.js";
import type { PlanFacts } from "./facts.js";
import { labelPreset } from "./label-preset.js";
import { outputOf, step } from "./make-step.js";
import { outlineSource } from "./outline-source.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";

export const probesId = "allocate:probes";

/** Probes read one file; a search text is short. */
const wholeText = { index: 0, of: 1 };

/** Returns the measurements that all dynamic variants share; none without such a variant, or without probes. */
export function sharedAllocateSteps(settings: Settings, facts: PlanFacts): Step[] {
  const { probes: effort, search, evaluation } = settings;
  if (effort === "none" || !settings.variants.some(({ kind }) => kind === "dynamic")) return [];
  const model = modelInputs(settings);
  const base = { ...baseLogits, stage: "allocate" as const };
  // Probes use the same context as the measurement of variants.
  const { context } = evaluation;
  const texts = corpusTexts("search", settings, facts);
  const text = { model: evaluatedBase(settings), ...corpusInputs("search", settings, facts) };
  const logitBytes = predictBytes.baseLogits(facts.model, search.chunks, context);
  const probed = {
    ...model,
    ...copyInput(settings),
    errors: outputOf("allocate:errors", "errors.json"),
    base: outputOf("allocate:base", "base.kld"),
    baseReport: outputOf("allocate:base", "base.json"),
  };
  // Independent of the variants' types, so that a change of one variant does not repeat all probes.
  const types = usesFeedback(settings) ? [...probeTypes] : [probeTypes[0]];
  return [
    step(
      "allocate:errors",
      measureErrors,
      { types, preset: null, allowRequantize: requantizes(settings) },
      model,
      predictBytes.report(),
    ),
    step("allocate:base", base, { texts, chunks: search.chunks, context, part: wholeText }, text, logitBytes),
    step(probesId, measureProbes, { effort }, probed, predictBytes.baseGguf(facts.model)),
  ];
}

/** Chooses the types of one dynamic variant, from the errors of its candidate types. */
export function allocateSteps(variant: DynamicVariant, settings: Settings, facts: PlanFacts): Step[] {
  const { name, tensors, allowRequantize } = variant;
  const probed = settings.probes !== "none";
  const refine = settings.effort === "thorough" && probed;
  const { budget, types } = resolvedBudget(variant, settings);
  const params = {
    budget,
    types: types ?? null,
    pins: Object.entries(tensors),
    preset: labelPreset(variant, facts, settings.stages.includes("calibrate")),
    imatrixName: imatrixFileName(settings.model.name),
    refine,
    rounding: variant.rounding,
    allowRequantize,
  };
  const [largest] = projectorsOf(settings, facts);
  const inputs = {
    ...modelInputs(settings),
    errors: outputOf(errorsId(name), "errors.json"),
    ...(probed ? { probes: outputOf(probesId, "probes.json") } : {}),
    ...(refine ? { base: outputOf("allocate:base", "base.kld"), ...copyInput(settings) } : {}),
    // Both must fit on the device.
    ...(budget.kind === "device" && largest !== undefined ? { projector: projectorOutput(largest) } : {}),
  };
  const candidates = [...new Set([...(types ?? defaultTypes), ...Object.values(tensors)])].sort();
  const preset = budget.kind === "sizeOf" ? budget.preset : null;
  const source = outlineSource(settings, facts);
  return [
    step(
      errorsId(name),
      measureErrors,
      { types: candidates, preset, allowRequantize },
      modelInputs(settings),
      predictBytes.report(),
      name,
    ),
    {
      ...step(`allocate:${name}`, allocateVariant, params, inputs, predictBytes.report(), name),
      ...(source && { foresee: (context) => foreseeChoice(params, source, context) }),
    },
  ];
}

/** Id of the step that measures the errors of a dynamic variant's candidate types. */
export const errorsId = (variant: string) => `allocate:${variant}:errors`;

/** All errors of a recipe with error feedback refer to the second moments, so that probes and variants are comparable. */
function modelInputs(settings: Settings): Record<string, StepInput> {
  return {
    model: outputOf("convert", "model.gguf"),
    ...(settings.stages.includes("calibrate") ? { imatrix: outputOf("calibrate", "imatrix.gguf") } : {}),
    ...(usesFeedback(settings) ? { moments: outputOf("calibrate", "moments.gguf") } : {}),
  };
}

/** The copy that is measured instead of the base, if there is one. */
function copyInput(settings: Settings): Record<string, StepInput> {
  return usesCopy(settings) ? { evaluated: evaluatedBase(settings) } : {};
}

/** Returns true if any dynamic variant may quantize tensors again that the source has in a quantized type. */
function requantizes({ variants }: Settings): boolean {
  return variants.some(({ kind, allowRequantize }) => kind === "dynamic" && allowRequantize);
}

/** Returns true if any variant is rounded with error feedback. */
export function usesFeedback({ variants }: Settings): boolean {
  return variants.some(({ rounding }) => rounding === "feedback");
}

/**
 * Returns the size limit, with the catalog's facts about a device, and the candidate types if they are not the default.
 */
export function resolvedBudget(
  variant: DynamicVariant,
  settings: Settings,
): { budget: VariantBudget; types?: readonly string[] } {
  const { budget, types } = variant.dynamic;
  if (budget.kind === "device") return deviceBudget(variant, budget, settings);
  return { budget, ...(types === undefined ? {} : { types }) };
}
