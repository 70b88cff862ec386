import { chunksPerBatch } from "../llamacpp/base-logits.js";
import type { Settings } from "../recipe/settings.js";
import { quantizeByBank } from "../stages/quantize/bank.js";
import { baseLogits } from "../stages/validate/base-logits.js";
import { noiseFloor } from "../stages/validate/noise-floor.js";
import { corpusInputs, corpusTexts } from "./corpus-files.js";
import type { PlanFacts } from "./facts.js";
import { outputOf, step } from "./make-step.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";

/** The Q8_0 copy of the base. */
const copyId = "convert:Q8_0";
/** The step that evaluates the 16-bit base on a few chunks. */
export const referenceId = "validate:base:16bit";
/** The step that measures the copy against the 16-bit base. */
export const distanceId = "validate:base:distance";
const bitsPerWeight = 8.5;

/** Returns the model with which imatrix, logits and probes are computed. */
export function evaluatedBase(settings: Settings): StepInput {
  return outputOf(usesCopy(settings) ? copyId : "convert", "model.gguf");
}

/** Returns true if imatrix, logits and probes are computed with a Q8_0 copy of the base. */
export function usesCopy({ base, stages }: Settings): boolean {
  return base === "Q8_0" && (["calibrate", "allocate", "validate"] as const).some((stage) => stages.includes(stage));
}

/** Returns true if the copy is measured against the 16-bit base, on the search text. */
export function measuresCopy(settings: Settings): boolean {
  return usesCopy(settings) && settings.stages.includes("validate");
}

/**
 * Quantizes the base to Q8_0 and measures how far the copy is from 16 bits, on few chunks; none for a 16-bit base. The
 * variants are made from the 16-bit base.
 */
export function copySteps(settings: Settings, facts: PlanFacts): Step[] {
  if (!usesCopy(settings)) return [];
  const model = { model: outputOf("convert", "model.gguf") };
  const quantize = { ...quantizeByBank, stage: "convert" as const, intermediates: ["model.gguf"] };
  const params = { preset: "Q8_0", rules: [], imatrixName: "", rounding: "nearest" as const, allowRequantize: false };
  const copy = step(copyId, quantize, params, model, predictBytes.variant(facts.model, bitsPerWeight));
  if (!measuresCopy(settings)) return [copy];
  const { context } = settings.evaluation;
  // One batch, since each reads a base that exceeds the memory from the disk.
  const chunks = Math.min(chunksPerBatch(context), settings.search.chunks);
  const texts = corpusTexts("search", settings, facts);
  const inputs = { ...model, ...corpusInputs("search", settings, facts) };
  const bytes = predictBytes.baseLogits(facts.model, chunks, context);
  const part = { index: 0, of: 1 };
  const measured = {
    model: evaluatedBase(settings),
    base: outputOf(referenceId, "base.kld"),
    baseReport: outputOf(referenceId, "base.json"),
  };
  return [
    copy,
    step(referenceId, baseLogits, { texts, chunks, context, part }, inputs, bytes),
    step(distanceId, noiseFloor, {}, measured, bytes),
  ];
}

/** Marks the steps that evaluate the base, so that they fail before they start if the memory is too small for it. */
export function withMemoryChecks(steps: readonly Step[], settings: Settings): Step[] {
  const base = evaluatedBase(settings);
  return steps.map((made) =>
    made.usesDevices === true &&
    settings.base !== "16bit" &&
    sameInput(made.inputs.evaluated ?? made.inputs.model, base)
      ? { ...made, requiresMemory: true }
      : made,
  );
}

function sameInput(a: StepInput | undefined, b: StepInput): boolean {
  return a?.kind === "step" && b.kind === "step" && a.step === b.step;
}
