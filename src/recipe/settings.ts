import { dirname, resolve } from "node:path";
import { findDevice } from "../hardware/catalog/find-device.js";
import { parseHubName } from "../hub/hub-ref.js";
import { type ProjectorType, projectorTypes } from "../quant/names.js";
import type { PublishTarget } from "../stages/publish/target.js";
import { stageNames } from "../stages/stage.js";
import type { ComputeSection } from "./compute-schema.js";
import { computeSettings } from "./compute-settings.js";
import { corpusEntry, evaluationSettings, fileEntry } from "./evaluation-settings.js";
import type { LoadedPipeline } from "./load-pipeline.js";
import type { LoadedRecipe } from "./load-recipe.js";
import { defaultModelName, isGgufSource, type ModelSource, parseHubSource } from "./model-source.js";
import { modelPlaceholder, type Recipe } from "./schema.js";
import type { CorpusSource, Origin, PickSetting, PublishSettings, Settings, Task } from "./settings-types.js";
import { resolveVariants } from "./variants.js";

export type * from "./settings-types.js";

const defaultMaxTokens = 128;
const defaultQuestions = 400;

/** For recipes without `smoke`: an intact model ends these answers by itself, or continues without repetition. */
const defaultPrompts: NonNullable<Recipe["smoke"]> = [
  { prompt: "What is the capital of France?" },
  { prompt: "Hello!" },
];

/**
 * Merges options over a recipe over its pipeline over the built-in defaults and records the origin of each value. Pure. Resolves
 * device ids, so that later code has no ids.
 * A recipe replaces a gate as a whole, so it can remove one of the pipeline's bounds.
 */
export function resolveSettings(
  loaded: LoadedRecipe,
  { name, file, pipeline }: LoadedPipeline,
  options: { compute?: ComputeSection } = {},
): Settings {
  const { recipe, catalog } = loaded;
  const folder = dirname(loaded.file);
  const origins: Record<string, Origin> = {};

  const pick: PickSetting = (key, fromRecipe, fromPipeline, fallback, fromOption) => {
    const given = { option: fromOption, recipe: fromRecipe, pipeline: fromPipeline };
    const found = (["option", "recipe", "pipeline"] as const).find((origin) => given[origin] !== undefined);
    origins[key] = found ?? "default";
    return fromOption ?? fromRecipe ?? fromPipeline ?? fallback;
  };
  const corpus = (section: "calibration" | "search"): CorpusSource[] =>
    [pick(`${section}.corpus`, recipe[section]?.corpus, undefined, "default")]
      .flat()
      .map((entry) => corpusEntry(entry, folder));

  const fallbackName = defaultModelName(recipe.model.source, folder);
  const modelName = pick("model.name", recipe.model.name, undefined, fallbackName);
  if (modelName === undefined) throw new Error("the cross-check accepted a model without a name");
  origins["model.source"] = "recipe";
  const source = modelSource(recipe.model, folder, pick);

  origins.variants = "recipe";
  for (const figure of Object.keys(pipeline.gates ?? {})) origins[`gates.${figure}`] = "pipeline";
  for (const figure of Object.keys(recipe.gates ?? {})) origins[`gates.${figure}`] = "recipe";
  for (const key of Object.keys(recipe.metadata ?? {})) origins[`metadata.${key}`] = "recipe";
  for (const key of Object.keys(recipe.card ?? {})) origins[`card.${key}`] = "recipe";

  const { calibration, evaluation, convert, convert: { mmproj } = {} } = recipe;
  const engine = pick("quantize.engine", recipe.quantize?.engine, pipeline.quantize?.engine, "bank");
  // llama-quantize only rounds to nearest, so a pipeline's choice does not apply to it.
  const pipelineRounding = engine === "llama-quantize" ? undefined : pipeline.quantize?.rounding;
  const rounding = pick("quantize.rounding", recipe.quantize?.rounding, pipelineRounding, "nearest");
  return {
    name: loaded.name,
    file: loaded.locate([]).file,
    sha256: loaded.sha256,
    model: {
      source,
      name: modelName,
      include: pick("model.include", recipe.model.include, undefined, []),
      exclude: pick("model.exclude", recipe.model.exclude, undefined, []),
      allowUnsafe: pick("model.allowUnsafe", recipe.model.allowUnsafe, undefined, false),
      checkWeights: pick("model.checkWeights", recipe.model.checkWeights, undefined, "full"),
    },
    pipeline: { name, file },
    stages: pick("stages", undefined, pipeline.stages, [...stageNames]),
    convert: {
      engine: pick("convert.engine", convert?.engine, undefined, "auto"),
      outtype: pick("convert.outtype", convert?.outtype, undefined, "auto"),
      mmproj: projectors(pick<Projectors>("convert.mmproj", mmproj === "auto" ? undefined : mmproj, undefined, "auto")),
      mtp: pick("convert.mtp", convert?.mtp, undefined, "auto"),
      pretokenizer: pick("convert.pretokenizer", convert?.pretokenizer, undefined, "auto"),
    },
    calibration: {
      corpus: corpus("calibration"),
      chunks: pick("calibration.chunks", calibration?.chunks, pipeline.calibration?.chunks, 200),
      context: pick("calibration.context", calibration?.context, pipeline.calibration?.context, 512),
      chatTemplate: pick("calibration.chatTemplate", calibration?.chatTemplate, undefined, false),
    },
    search: {
      corpus: corpus("search"),
      chunks: pick("search.chunks", recipe.search?.chunks, pipeline.search?.chunks, 24),
    },
    comparators: pick("comparators", recipe.comparators, pipeline.comparators, true),
    evaluation: evaluationSettings(evaluation, pipeline.evaluation, folder, pick),
    tasks: taskSettings(recipe, pipeline, folder, pick),
    quantize: { engine, rounding },
    variants: resolveVariants(recipe.variants, catalog, rounding),
    gates: { ...pipeline.gates, ...recipe.gates },
    smoke: pick("smoke", recipe.smoke, undefined, defaultPrompts).map((prompt) => ({
      maxTokens: Math.max(defaultMaxTokens, prompt.expect?.endsItself ?? 0),
      ...prompt,
      ...(prompt.image === undefined ? {} : { image: picturePath(prompt.image, folder) }),
    })),
    metadata: recipe.metadata ?? {},
    card: loaded.card,
    devices: pick("devices", recipe.devices, undefined, []).map((id) => findDevice(catalog, id)),
    catalog,
    ...(recipe.publish === undefined ? {} : { publish: publishSettings(recipe.publish, modelName, folder, pick) }),
    keepIntermediates: pick("keepIntermediates", recipe.keepIntermediates, pipeline.keepIntermediates, true),
    probes: pick("probes", undefined, pipeline.probes, "groups"),
    effort: pick("effort", undefined, pipeline.effort, "standard"),
    concurrency: { downloads: pick("concurrency.downloads", undefined, pipeline.concurrency?.downloads, 4) },
    compute: computeSettings(options.compute ?? {}, recipe.compute, pipeline.compute, pick),
    base: pick("compute.base", recipe.compute?.base, pipeline.compute?.base, "auto"),
    executors: pick("executors", recipe.executors, pipeline.executors, {}),
    origins,
    locate: loaded.locate,
  };
}

function taskSettings(
  { tasks }: Recipe,
  pipeline: LoadedPipeline["pipeline"],
  folder: string,
  pick: PickSetting,
): Task[] {
  const effort = pipeline.tasks?.questions ?? defaultQuestions;
  return pick("tasks", tasks, undefined, []).map(({ file, questions = effort, ...task }) => ({
    ...task,
    questions,
    source: fileEntry(file, folder),
  }));
}

function picturePath(image: string, folder: string): string {
  return image === "bundled" ? image : resolve(folder, image);
}

type Projectors = NonNullable<NonNullable<Recipe["convert"]>["mmproj"]>;

function projectors(setting: Projectors): ProjectorType[] {
  if (setting === "none") return [];
  return setting === "auto" ? ["F16"] : projectorTypes.filter((type) => [setting].flat().includes(type));
}

function modelSource({ source, revision }: Recipe["model"], folder: string, pick: PickSetting): ModelSource {
  const ref = parseHubSource(source);
  if (ref === undefined) return { kind: isGgufSource(source) ? "gguf" : "local", path: resolve(folder, source) };
  const { repo, path: file } = ref;
  const pinned = pick("model.revision", ref.revision ?? revision, undefined, "main");
  return { kind: "hub", repo, revision: pinned, ...(file === undefined ? {} : { file }) };
}

function publishSettings(
  publish: NonNullable<Recipe["publish"]>,
  modelName: string,
  folder: string,
  pick: PickSetting,
): PublishSettings {
  const repo = pick("publish.repo", publish.repo, undefined, "").replaceAll(modelPlaceholder, modelName);
  const flags = {
    ...(pick("publish.sign", publish.sign, undefined, false) && { sign: true as const }),
    ...(pick("publish.removeOld", publish.removeOld, undefined, false) && { removeOld: true as const }),
  };
  if (repo.startsWith("dir:"))
    return {
      repo,
      target: { kind: "dir", path: resolve(folder, repo.slice("dir:".length)), ...flags },
      stream: false,
    };
  const { private: isPrivate, gated, collection } = publish;
  const ref = parseHubName(repo);
  if (ref === undefined) throw new Error("the schema accepted an invalid publish target");
  const target: PublishTarget = {
    kind: "hub",
    repo: ref.repo,
    via: pick("publish.via", publish.via, undefined, "branch"),
    ...(isPrivate === undefined ? {} : { private: isPrivate }),
    ...(gated === undefined ? {} : { gated }),
    ...(collection === undefined ? {} : { collection }),
    ...flags,
  };
  return { repo, target, stream: pick("publish.stream", publish.stream, undefined, false) };
}
