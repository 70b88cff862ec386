import { checkPretokenizer } from "../converter/vocabulary/choose-pretokenizer.js";
import type { ProjectorType } from "../quant/names.js";
import type { Settings } from "../recipe/settings.js";
import { adoptGguf } from "../stages/convert/adopt-gguf.js";
import { chooseEngine, type EngineChoice } from "../stages/convert/choose-engine.js";
import { convertMtp } from "../stages/convert/convert-mtp.js";
import { convertNative } from "../stages/convert/convert-native.js";
import { convertProjector } from "../stages/convert/convert-projector.js";
import { convertUpstream } from "../stages/convert/convert-upstream.js";
import { foreseeCheckpoint } from "../stages/convert/foresee-checkpoint.js";
import { isMultimodal } from "../stages/convert/is-multimodal.js";
import { requireArchitecture } from "../stages/convert/require-architecture.js";
import { requireQuantization } from "../stages/convert/require-quantization.js";
import { requireTokenizer } from "../stages/convert/require-tokenizer.js";
import type { SourceLocation } from "../util/errors.js";
import type { ModelFacts, PlanFacts } from "./facts.js";
import { locatedAt } from "./in-recipe.js";
import { outputOf, step } from "./make-step.js";
import { mtpChoice, mtpId } from "./mtp.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";

/**
 * Returns the converter of this recipe's checkpoint, with the reason. Errors: QS-CONVERT-NATIVE,
 * QS-CONVERT-ARCHITECTURE, QS-CONVERT-QUANTIZED, QS-CONVERT-WEIGHTS, QS-CONVERT-TOKENIZER.
 */
export function convertEngine({ convert, model, locate }: Settings, facts: PlanFacts): EngineChoice {
  const { config, files, gguf, mismatch, badScales } = facts.model;
  if (gguf !== undefined) return { engine: "none", why: "the source is a GGUF file" };
  requireReadable(facts, locate(["model", "source"]));
  const checkpoint = { config, modelName: model.name, files: files.map(({ path }) => path) };
  const choice = chooseEngine(convert.engine, checkpoint, locate(["convert", "engine"]));
  const at = locate(["model", "source"]);
  if (choice.engine === "upstream" && config !== null) requireArchitecture("model", config, facts.architectures, at);
  if (choice.engine === "native" && mismatch !== undefined) throw locatedAt(mismatch, at);
  if (badScales !== undefined) throw locatedAt(badScales, at);
  return choice;
}

/** Errors: QS-CONVERT-QUANTIZED, QS-CONVERT-TOKENIZER. */
function requireReadable({ model, quantization }: PlanFacts, at: SourceLocation): void {
  const { config, files, outline, baseModels = [] } = model;
  if (config === null || outline === undefined) return;
  const { architecture, format } = outline;
  requireQuantization({ config, architecture, format, baseModels }, quantization, at);
  requireTokenizer(
    files.map(({ path }) => path),
    at,
  );
}

/** Returns the types of the release's projectors, the most exact first; empty without one. */
export function projectorsOf({ convert }: Settings, { model }: PlanFacts): readonly ProjectorType[] {
  return model.config !== null && isMultimodal(model.config) ? convert.mmproj : [];
}

/** Returns the file of a projector, an input of other steps. */
export function projectorOutput(type: ProjectorType): StepInput {
  return outputOf(projectorId(type), "mmproj.gguf");
}

/** Converts the checkpoint to one GGUF, and its projectors and separated MTP layers, if any, to others. */
export function convertSteps(settings: Settings, facts: PlanFacts): Step[] {
  const { convert, model, metadata } = settings;
  if (facts.model.gguf !== undefined) return [adoptStep(settings, facts.model)];
  // Only metadata in the files: a tag or a prompt of the release alone must not rebuild every variant.
  const { system: _system, tags: _tags, baseModel: _base, ...inFiles } = metadata;
  const named = {
    modelName: model.name,
    baseModel: baseModelOf(settings),
    metadata: inFiles,
  };
  if (facts.pretokenizers !== null) {
    checkPretokenizer(convert.pretokenizer, facts.pretokenizers, settings.locate(["convert", "pretokenizer"]));
  }
  const { engine, why } = convertEngine(settings, facts);
  const mtp = mtpChoice(settings, facts);
  const params = { ...named, outtype: convert.outtype, pretokenizer: convert.pretokenizer, why };
  const inputs = { snapshot: outputOf("fetch", "snapshot") };
  const bytes = predictBytes.baseGguf(facts.model);
  const base =
    engine === "native"
      ? step("convert", convertNative, { ...params, fallback: convert.engine === "auto" }, inputs, bytes)
      : step("convert", convertUpstream, mtp === "default" ? params : { ...params, mtp: "none" }, inputs, bytes);
  const { config, source } = facts.model;
  if (config !== null && source.kind === "local") {
    const checkpoint = {
      ...{ folder: source.folder, config, pretokenizer: convert.pretokenizer, modelName: model.name },
      isNative: engine === "native",
    };
    base.foresee = async (context) => ({ bytes, warnings: await foreseeCheckpoint(checkpoint, context) });
  }
  const steps: Step[] = [base];
  if (mtp === "separate") {
    const separated = { ...named, pretokenizer: convert.pretokenizer };
    steps.push(step(mtpId, convertMtp, separated, inputs, predictBytes.mtp(facts.model)));
  }
  const types = projectorsOf(settings, facts);
  if (config !== null && types.length > 0) {
    requireArchitecture("projector", config, facts.architectures, settings.locate(["model", "source"]));
    const size = predictBytes.projector(facts.model);
    steps.push(...types.map((type) => step(projectorId(type), convertProjector, { ...named, type }, inputs, size)));
  }
  return steps;
}

/** Returns the repository of the base model on the Hub; null for a local source without `metadata.baseModel`. */
export function baseModelOf({ model: { source }, metadata }: Settings): string | null {
  return metadata.baseModel ?? (source.kind === "hub" ? source.repo : null);
}

/** A GGUF source, joined where it is split, as the base of all variants. */
function adoptStep({ metadata }: Settings, { source, files, gguf = [] }: ModelFacts): Step {
  const { system: _system, tags: _tags, baseModel: _base, ...inFiles } = metadata;
  const splits = gguf.flatMap((name) => files.find(({ path }) => path === name) ?? []);
  const params = { splits, metadata: inFiles, cached: source.kind === "hub" };
  const bytes = splits.reduce((sum, file) => sum + file.bytes, predictBytes.report());
  return step("convert", adoptGguf, params, { snapshot: outputOf("fetch", "snapshot") }, bytes);
}

const projectorId = (type: ProjectorType) => `convert:mmproj:${type}`;
