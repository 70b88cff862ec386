import { basename } from "node:path";
import { comparatorName, imatrixFileName, mtpFileName, projectorFileName, variantFileName } from "../quant/names.js";
import type { Settings, Variant } from "../recipe/settings.js";
import { smokeLimits } from "../release/gates.js";
import type { ReaderLimits } from "../release/restricted-inputs.js";
import { type PackageParams, taskInput, variantInput } from "../stages/package/package-params.js";
import { variantMemory } from "../stages/package/variant-memory.js";
import { projectorInput } from "../stages/step-files.js";
import { publicWarning } from "../util/warnings.js";
import { errorsId, probesId, resolvedBudget } from "./allocate-steps.js";
import { comparatorPreset } from "./comparators.js";
import { baseModelOf, convertEngine, projectorOutput, projectorsOf } from "./convert-steps.js";
import { type CorpusKind, corpusTexts, inputTexts, lockedTexts, usedKinds } from "./corpus-files.js";
import { distanceId, measuresCopy, referenceId, usesCopy } from "./evaluated-base.js";
import type { PlanFacts } from "./facts.js";
import { outputOf, step } from "./make-step.js";
import { mtpChoice, mtpId } from "./mtp.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";
import { lockedPrompts, showsPictures } from "./smoke-steps.js";
import { targetDevices } from "./target-devices.js";
import { askedTasks, baseTaskId, lockedTasks, taskTexts, variantTaskId } from "./task-steps.js";

/** The Hub recommends less for one file, but Ollama and PocketPal do not support splits. */
const maxFileBytes = 200e9;

/** Returns the parameters of the package stage. */
export function packageParams(settings: Settings, facts: PlanFacts): PackageParams {
  const { model } = settings;
  return {
    release: settings.name,
    recipe: basename(settings.file),
    modelName: model.name,
    baseModel: baseModelOf(settings),
    imatrixFile: imatrixFileName(model.name),
    projectors: projectorsOf(settings, facts).map((type) => ({
      type,
      file: projectorFileName(model.name, type),
      shown: showsPictures(settings),
    })),
    mtpFile: mtpChoice(settings, facts) === "separate" ? mtpFileName(model.name) : null,
    variants: settings.variants.map((variant) => {
      const comparator = comparatorPreset(variant, settings, facts);
      const { name } = variant;
      return { name, file: variantFileName(model.name, name), ...(comparator === undefined ? {} : { comparator }) };
    }),
    maxFileBytes,
    measured: settings.stages.includes("validate"),
    ...(usesCopy(settings) ? { evaluatedBase: "Q8_0" as const } : {}),
    smokeTested: settings.stages.includes("smoke") && settings.smoke.length > 0,
    smokeLimits: smokeLimits(settings.gates),
    tasks: askedTasks(settings).map(({ name, maxDrop }) => ({ name, ...(maxDrop === undefined ? {} : { maxDrop }) })),
    texts: {
      calibration: corpusTexts("calibration", settings, facts),
      search: searches(settings) ? corpusTexts("search", settings, facts) : [],
      evaluation: corpusTexts("evaluation", settings, facts),
    },
    hardware: targetDevices(settings, facts),
    textFiles: [
      ...usedKinds(settings).flatMap((kind) => inputTexts(kind, settings, facts)),
      ...taskTexts(settings, facts),
    ],
    toolFiles: facts.toolFiles,
    publishRepo: settings.publish?.target.kind === "hub" ? settings.publish.target.repo : null,
    metadata: settings.metadata,
    card: settings.card,
    lock: lock(settings, facts),
    toolchain: facts.toolVersions,
    warnings: facts.model.warnings.map(publicWarning),
  };
}

/**
 * Returns every file that the package stage reads. All are optional, since a variant may have failed, except the
 * projectors and separated layers: a release is incomplete without them.
 */
export function packageInputs(settings: Settings, facts: PlanFacts): Record<string, StepInput> {
  const inputs: Record<string, StepInput> = {
    snapshot: maybe("fetch", "snapshot.json"),
    convert: maybe("convert", "convert.json"),
  };
  for (const type of projectorsOf(settings, facts)) inputs[projectorInput(type)] = projectorOutput(type);
  if (mtpChoice(settings, facts) === "separate") inputs.mtp = outputOf(mtpId, "mtp.gguf");
  const has = (stage: Settings["stages"][number]) => settings.stages.includes(stage);
  if (has("calibrate")) {
    inputs.imatrix = maybe("calibrate", "imatrix.gguf");
    inputs.calibrate = maybe("calibrate", "calibrate.json");
  }
  if (has("validate")) {
    inputs.base = maybe("validate:base", "base.json");
    inputs.noise = maybe("validate:base:noise", "noise.json");
  }
  if (measuresCopy(settings)) {
    inputs.distance = maybe(distanceId, "noise.json");
    inputs.distanceBase = maybe(referenceId, "base.json");
  }
  const tasks = askedTasks(settings);
  for (const { name } of tasks) inputs[taskInput(name)] = maybe(baseTaskId(name), "task.json");
  if (searches(settings) && settings.probes !== "none") inputs.probes = maybe(probesId, "probes.json");
  for (const variant of settings.variants) {
    const { kind, name } = variant;
    for (const task of tasks) inputs[taskInput(task.name, name)] = maybe(variantTaskId(name, task.name), "task.json");
    inputs[variantInput("model", name)] = maybe(`quantize:${name}`, "model.gguf");
    inputs[variantInput("quantize", name)] = maybe(`quantize:${name}`, "quantize.json");
    inputs[variantInput("memory", name)] = maybe(memoryId(name), "memory.json");
    inputs[variantInput("rules", name)] = maybe(`quantize:${name}`, "tensor-types.txt");
    if (variant.rounding === "feedback")
      inputs[variantInput("rounding", name)] = maybe(`quantize:${name}`, "rounding.json");
    if (kind === "dynamic") {
      inputs[variantInput("allocation", name)] = maybe(`allocate:${name}`, "allocation.json");
      inputs[variantInput("errors", name)] = maybe(errorsId(name), "errors.json");
    }
    if (has("validate")) {
      inputs[variantInput("structure", name)] = maybe(`validate:${name}:structure`, "structure.json");
      inputs[variantInput("quality", name)] = maybe(`validate:${name}`, "quality.json");
    }
    if (has("smoke") && settings.smoke.length > 0) {
      inputs[variantInput("smoke", name)] = maybe(`smoke:${name}`, "smoke.json");
    }
    const preset = comparatorPreset(variant, settings, facts);
    if (preset !== undefined) {
      const comparator = comparatorName(preset);
      inputs[variantInput("comparator", name)] = maybe(`quantize:${comparator}`, "quantize.json");
      inputs[variantInput("comparatorQuality", name)] = maybe(`validate:${comparator}`, "quality.json");
    }
  }
  return inputs;
}

/**
 * Estimates a variant's memory. A separate step, since the package step runs again after each change of the catalog.
 */
export function memoryStep({ name }: Variant, settings: Settings, facts: PlanFacts): Step {
  const [largest] = projectorsOf(settings, facts);
  const inputs = {
    model: outputOf(`quantize:${name}`, "model.gguf"),
    ...(largest === undefined ? {} : { projector: projectorOutput(largest) }),
  };
  return step(memoryId(name), variantMemory, {}, inputs, predictBytes.report(), name);
}

const memoryId = (variant: string) => `package:${variant}:memory`;

function maybe(step: string, file: string): StepInput {
  return { kind: "step", step, file, optional: true };
}

/** Only dynamic variants use the search text. */
function searches({ variants }: Settings): boolean {
  return variants.some(({ kind }) => kind === "dynamic");
}

/** The same for all machines: no path. */
function sourceName({ source, gguf }: PlanFacts["model"]): string {
  const [file] = gguf ?? [];
  if (source.kind === "local") return file === undefined ? "local folder" : `local file ${file}`;
  return file === undefined ? `hf:${source.repo}` : `hf:${source.repo}/${file}`;
}

/**
 * Returns the content of `recipe.lock.yaml`: the merged settings, with all moving inputs pinned by digest or commit.
 */
function lock(settings: Settings, facts: PlanFacts): PackageParams["lock"] {
  const texts = (kind: CorpusKind) => lockedTexts(kind, settings, facts);
  const { source } = facts.model;
  return {
    version: 1,
    recipe: basename(settings.file),
    pipeline: settings.pipeline.name,
    model: {
      name: settings.model.name,
      source: sourceName(facts.model),
      commit: source.kind === "hub" ? source.commit : null,
      // Only for private and gated sources, so that a run without the Hub locks the same for the others.
      ...(source.kind === "hub" && source.private ? { private: true } : {}),
      ...(source.kind === "hub" && source.gated ? { gated: source.gated } : {}),
      allowUnsafe: settings.model.allowUnsafe,
      checkWeights: settings.model.checkWeights,
      files: facts.model.files.map(({ path, bytes, digest }) => ({ path, bytes, digest })),
    },
    convert: { ...settings.convert, engine: convertEngine(settings, facts).engine },
    ...(Object.keys(settings.metadata).length === 0 ? {} : { metadata: settings.metadata }),
    ...(Object.keys(settings.card).length === 0 ? {} : { card: settings.card }),
    calibration: { ...settings.calibration, corpus: texts("calibration") },
    ...(usesCopy(settings) ? { base: "Q8_0" } : {}),
    ...(searches(settings) || measuresCopy(settings)
      ? { search: { ...settings.search, corpus: texts("search"), probes: settings.probes, effort: settings.effort } }
      : {}),
    evaluation: { ...settings.evaluation, corpus: texts("evaluation") },
    variants: settings.variants.map((variant) =>
      variant.kind === "preset"
        ? { name: variant.name, preset: variant.preset, tensors: variant.tensors, rounding: variant.rounding }
        : {
            name: variant.name,
            dynamic: resolvedBudget(variant, settings),
            tensors: variant.tensors,
            rounding: variant.rounding,
          },
    ),
    ...(askedTasks(settings).length === 0 ? {} : { tasks: lockedTasks(settings, facts) }),
    quantize: { ...settings.quantize },
    gates: settings.gates,
    ...(facts.compute.compute.backend === "cpu" ? {} : { compute: { backend: facts.compute.compute.backend } }),
    smoke: lockedPrompts(settings, facts),
    ...(facts.privateDatasets.length === 0 ? {} : { privateDatasets: facts.privateDatasets }),
    ...readerLimits(settings),
    toolchain: facts.toolVersions,
  };
}

/** Returns the limits of readers, so that they also hold for a publication without the recipe. */
function readerLimits({ publish }: Settings): { publish?: ReaderLimits } {
  if (publish?.target.kind !== "hub") return {};
  const { private: isPrivate, gated } = publish.target;
  const limits = { ...(isPrivate === true && { private: isPrivate }), ...(gated && { gated }) };
  return Object.keys(limits).length === 0 ? {} : { publish: limits };
}
