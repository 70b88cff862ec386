import { imatrixFileName } from "../quant/names.js";
import { presetByName } from "../quant/presets.js";
import type { Settings, Variant } from "../recipe/settings.js";
import { calibrate } from "../stages/calibrate/calibrate.js";
import { fetchHub } from "../stages/fetch/fetch-hub.js";
import { fetchLocal } from "../stages/fetch/fetch-local.js";
import { packageRelease } from "../stages/package/package-release.js";
import { quantizeByBank } from "../stages/quantize/bank.js";
import { foreseeVariant } from "../stages/quantize/foresee-variant.js";
import { quantizeByTool } from "../stages/quantize/llama-quantize.js";
import type { QuantizeParams } from "../stages/quantize/quantize.js";
import type { StageName } from "../stages/stage.js";
import { canonicalJson } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";
import { allocateSteps, sharedAllocateSteps, usesFeedback } from "./allocate-steps.js";
import { baseNotes } from "./base-notes.js";
import { comparators } from "./comparators.js";
import { convertEngine, convertSteps } from "./convert-steps.js";
import { corpusInputs, corpusTexts } from "./corpus-files.js";
import { copySteps, evaluatedBase, withMemoryChecks } from "./evaluated-base.js";
import { evaluationParts } from "./evaluation-parts.js";
import type { PlanFacts } from "./facts.js";
import { expectedBits, labelPreset } from "./label-preset.js";
import { outputOf, step } from "./make-step.js";
import { mtpNotes } from "./mtp.js";
import { outlineSource } from "./outline-source.js";
import { memoryStep, packageInputs, packageParams } from "./package-step.js";
import { visionNotes } from "./pictures.js";
import type { Plan, Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";
import { privateTexts } from "./private-texts.js";
import { requireSupported } from "./require-supported.js";
import { type Selection, selectSubset } from "./selection.js";
import { signNotes } from "./sign-notes.js";
import { smokeBaseStep, smokeStep } from "./smoke-steps.js";
import { smokeWarnings } from "./smoke-warnings.js";
import { taskSteps } from "./task-steps.js";
import { textSteps } from "./text-steps.js";
import { baseStep, categorySteps, measurementOrder, noiseStep, structureStep, validateStep } from "./validate-steps.js";
import { unusedSettings, withEffect } from "./without-effect.js";

/**
 * Builds the plan for a recipe. Pure: all external state comes from `facts`.
 * Errors: QS-CONVERT-NATIVE, QS-TEXT-OVERLAP, QS-USAGE for an invalid selection.
 */
export function buildPlan(given: Settings, facts: PlanFacts, selection: Selection = {}): Plan {
  const settings = withEffect(given, facts);
  requireSupported(settings, facts);
  const has = (stage: StageName) => settings.stages.includes(stage);
  const steps: Step[] = [
    fetchStep(settings, facts),
    ...convertSteps(settings, facts),
    ...textSteps(settings, facts),
    ...copySteps(settings, facts),
  ];
  if (has("calibrate")) steps.push(calibrateStep(settings, facts));
  const [firstPart, ...otherParts] = has("validate") ? evaluationParts(settings, facts) : [];
  if (firstPart) steps.push(baseStep(settings, facts, firstPart), noiseStep(settings, facts, firstPart));
  if (has("allocate")) steps.push(...sharedAllocateSteps(settings, facts));
  const compared = comparators(settings, facts);
  const smokeTested = has("smoke") && settings.smoke.length > 0;
  if (smokeTested) steps.push(smokeBaseStep(settings, facts));
  // Comparators are built like variants, but without smoke tests.
  const variants = [...measurementOrder(settings), ...compared];
  for (const [i, variant] of variants.entries()) {
    if (has("allocate") && variant.kind === "dynamic") steps.push(...allocateSteps(variant, settings, facts));
    if (has("quantize")) steps.push(quantizeStep(variant, settings, facts, variants[i - 1]));
    if (firstPart) steps.push(structureStep(variant), validateStep(variant, settings, facts, firstPart));
    if (smokeTested && settings.variants.includes(variant)) steps.push(smokeStep(variant.name, settings, facts));
  }
  // Part by part for all variants, so that the logits of one can be dropped before the next are computed.
  for (const part of otherParts) {
    steps.push(baseStep(settings, facts, part));
    steps.push(...variants.map((variant) => validateStep(variant, settings, facts, part)));
  }
  if (firstPart) steps.push(...categorySteps(variants, settings, facts), ...taskSteps(settings, facts));
  const report = { params: packageParams(settings, facts), inputs: packageInputs(settings, facts) };
  if (has("package")) {
    steps.push(...settings.variants.map((variant) => memoryStep(variant, settings, facts)));
    steps.push(step("package", packageRelease, report.params, report.inputs, predictBytes.report()));
  }
  const plan = {
    name: settings.name,
    steps: withMemoryChecks(
      steps.map((step) => {
        const comparator = compared.find(({ name }) => name === step.variant);
        return comparator === undefined ? step : { ...step, comparatorOf: comparator.comparatorOf };
      }),
      settings,
    ),
    toolDigests: facts.toolDigests,
    compute: facts.compute,
    computeSettings: settings.compute,
    notes: [
      ...baseNotes(settings, facts),
      ...mtpNotes(settings, facts),
      ...visionNotes(settings, facts),
      ...signNotes(settings),
    ],
    keepIntermediates: settings.keepIntermediates,
    convert: convertEngine(settings, facts),
    warnings: [
      ...facts.model.warnings,
      ...facts.textWarnings,
      ...smokeWarnings(settings, facts),
      ...unusedSettings(given, facts),
      ...privateTexts(settings, facts),
    ],
    report,
  };
  return selectSubset(plan, settings, selection);
}

function fetchStep({ model: { allowUnsafe, checkWeights }, concurrency }: Settings, { model }: PlanFacts): Step {
  const { source, files, gguf } = model;
  const params = { files, allowUnsafe, checkWeights, ...(gguf === undefined ? {} : { gguf }) };
  if (source.kind === "hub") {
    const { repo, commit, revision, listing, missingBytes, ownCopy } = source;
    const operation = fetchHub({ revision, listing, downloads: concurrency.downloads, ownCopy });
    return step(
      "fetch",
      operation,
      { repo, commit, ...params },
      {},
      ownCopy ? predictBytes.snapshot(files) : missingBytes,
    );
  }
  const folder: StepInput = { kind: "outside", path: source.folder, digest: sha256(canonicalJson(files)) };
  return step("fetch", fetchLocal, params, { folder }, predictBytes.snapshot());
}

function calibrateStep(settings: Settings, facts: PlanFacts): Step {
  const { chunks, context, chatTemplate } = settings.calibration;
  const params = {
    texts: corpusTexts("calibration", settings, facts),
    chunks,
    context,
    chatTemplate,
    moments: usesFeedback(settings),
  };
  const inputs = { model: evaluatedBase(settings), ...corpusInputs("calibration", settings, facts) };
  const bytes = predictBytes.imatrix(facts.model) + (params.moments ? predictBytes.moments(facts.model) : 0);
  return step("calibrate", calibrate, params, inputs, bytes);
}

function quantizeStep(variant: Variant, settings: Settings, facts: PlanFacts, before: Variant | undefined): Step {
  const calibrated = settings.stages.includes("calibrate");
  const preset = variant.kind === "preset" ? variant.preset : labelPreset(variant, facts, calibrated);
  const bits = variant.kind === "preset" ? (presetByName(preset)?.bitsPerWeight ?? 16) : expectedBits(variant, facts);
  const params = {
    preset,
    rules: variant.kind === "preset" ? Object.entries(variant.tensors) : [],
    imatrixName: imatrixFileName(settings.model.name),
    rounding: variant.rounding,
    allowRequantize: variant.allowRequantize,
    ...sizeLabel(variant),
  };
  const inputs = {
    model: outputOf("convert", "model.gguf"),
    ...(calibrated ? { imatrix: outputOf("calibrate", "imatrix.gguf") } : {}),
    ...(variant.rounding === "feedback" ? { moments: outputOf("calibrate", "moments.gguf") } : {}),
    ...(variant.kind === "dynamic" ? { allocation: outputOf(`allocate:${variant.name}`, "allocation.json") } : {}),
  };
  // Rounded tensors are written to a data file before the variant.
  const bytes = predictBytes.variant(facts.model, bits) * (variant.rounding === "feedback" ? 2 : 1);
  const operation = settings.quantize.engine === "bank" ? quantizeByBank : quantizeByTool;
  const made = step(`quantize:${variant.name}`, operation, params, inputs, bytes, variant.name);
  return {
    ...made,
    ...(before === undefined ? {} : { after: `quantize:${before.name}` }),
    ...foresight(variant, params, outlineSource(settings, facts)),
  };
}

/** Returns the preset whose name promises another size than the budget of a dynamic variant is known to have. */
function sizeLabel(variant: Variant): { label?: string } {
  const label = presetByName(variant.name)?.name;
  if (variant.kind === "preset" || label === undefined) return {};
  const { budget } = variant.dynamic;
  return budget.kind === "sizeOf" && budget.preset === label ? {} : { label };
}

/** Foresees a preset variant, and the bytes of a dynamic one of a preset's size. */
function foresight(
  variant: Variant,
  params: QuantizeParams,
  source: ReturnType<typeof outlineSource>,
): Pick<Step, "foresee"> {
  if (source === undefined) return {};
  if (variant.kind === "preset") return { foresee: (context) => foreseeVariant(params, source, context) };
  const { budget } = variant.dynamic;
  if (budget.kind !== "sizeOf") return {};
  const limit = { ...params, preset: budget.preset };
  return {
    foresee: async (context) => {
      const foreseen = await foreseeVariant(limit, source, context);
      return foreseen && { bytes: foreseen.bytes };
    },
  };
}
