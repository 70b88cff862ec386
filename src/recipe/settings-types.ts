import type { Catalog, Device } from "../hardware/catalog/device.js";
import type { ComputeSettings } from "../llamacpp/compute/compute.js";
import type { TaskKind } from "../llamacpp/task-file.js";
import type { ProjectorType } from "../quant/names.js";
import type { CardLayout } from "../report/card-layout.js";
import type { Budget } from "../stages/allocate/budget.js";
import type { ConvertEngine } from "../stages/convert/choose-engine.js";
import type { PublishTarget } from "../stages/publish/target.js";
import type { QuantizeEngine, Rounding } from "../stages/quantize/quantize.js";
import type { SmokePrompt } from "../stages/smoke/expectation.js";
import type { StageName } from "../stages/stage.js";
import type { SourceLocation } from "../util/errors.js";
import type { BaseKind } from "./compute-schema.js";
import type { ExecutorSettings } from "./executors-schema.js";
import type { Gates } from "./gates-schema.js";
import type { ModelSource } from "./model-source.js";
import type { HubText } from "./parse-hub-text.js";
import type { Recipe } from "./schema.js";
import type { YamlPath } from "./yaml/diagnostics.js";

export type Origin = "option" | "recipe" | "pipeline" | "default";

/** Merges the values of one setting and records the origin of the result. */
export type PickSetting = <T>(
  key: string,
  fromRecipe: T | undefined,
  fromPipeline: T | undefined,
  fallback: T,
  fromOption?: T,
) => T;

export type CorpusSource =
  /** The bundled text for this purpose; of the evaluation, for this category. */
  | { kind: "default"; category?: string }
  /** Text sampled from the base model. */
  | { kind: "self" }
  /** `path` is absolute, `name` the file name. */
  | { kind: "file"; path: string; name: string }
  /** A file of a Hub data set. */
  | ({ kind: "hub" } & HubText);

/** A named part of the evaluation with figures of its own. A type alias, for use in JSON. */
export type EvaluationCategory = {
  name: string;
  /** Its texts in `evaluation.corpus`: index of the first, and their number. */
  first: number;
  texts: number;
  chunks: number;
  /** Tokens per chunk. */
  context: number;
};

/** Questions that the base and every variant answer. */
export interface Task {
  name: string;
  kind: TaskKind;
  source: Extract<CorpusSource, { kind: "file" | "hub" }>;
  questions: number;
  /** Gate: most percentage points of accuracy that a variant may lose; none without it. */
  maxDrop?: number;
}

/** A budget with its device resolved. */
export type RecipeBudget = Budget<{ device: Device }>;

interface VariantBase {
  /** Label in file names and tables. */
  name: string;
  /** Path in the recipe, for `LoadedRecipe.locate`. */
  path: YamlPath;
  /** Fixed tensor types: name part or regular expression -> tensor type, in the recipe's order. */
  tensors: Readonly<Record<string, string>>;
  rounding: Rounding;
  /** Whether tensors that the source has in a quantized type may get another one. */
  allowRequantize: boolean;
}

export interface PresetVariant extends VariantBase {
  kind: "preset";
  preset: string;
}

export interface DynamicVariant extends VariantBase {
  kind: "dynamic";
  /** Without `types` the solver uses its default candidates. */
  dynamic: { budget: RecipeBudget; types?: readonly string[] };
}

export type Variant = PresetVariant | DynamicVariant;

export interface PublishSettings {
  /** As written in the recipe. */
  repo: string;
  target: PublishTarget;
  /** Whether variants are uploaded as soon as they pass; only to the Hub. */
  stream: boolean;
}

/** Options over recipe over pipeline over built-in defaults; all paths absolute, all names canonical. */
export interface Settings {
  /** The recipe's file name without extension. */
  name: string;
  /** The recipe's path as the user gave it. */
  file: string;
  /** sha256 of the recipe's text. */
  sha256: string;
  model: {
    source: ModelSource;
    name: string;
    /** Globs of files besides the default selection. */
    include: readonly string[];
    exclude: readonly string[];
    /** Fetch pickles and Python files, which can execute code when a tool opens them. */
    allowUnsafe: boolean;
    checkWeights: "sample" | "full" | "none";
  };
  pipeline: { name: string; file: string };
  stages: readonly StageName[];
  convert: {
    engine: "auto" | ConvertEngine;
    outtype: "auto" | "bf16" | "f16" | "f32";
    /** Without repetitions, the most exact first; empty for a release without projector. */
    mmproj: readonly ProjectorType[];
    mtp: "auto" | "keep" | "drop" | "separate";
    pretokenizer: string;
  };
  /** `context` in tokens. */
  calibration: { corpus: readonly CorpusSource[]; chunks: number; context: number; chatTemplate: boolean };
  search: { corpus: readonly CorpusSource[]; chunks: number };
  /** `context` in tokens. */
  evaluation: {
    /** Those of all categories, in their order. */
    corpus: readonly CorpusSource[];
    /** Empty for an evaluation of one text. */
    categories: readonly EvaluationCategory[];
    /** Of an evaluation without categories; `context` also of the probes. */
    chunks: number;
    context: number;
  };
  /** Whether the presets of llama.cpp are measured, too, for comparison. */
  comparators: boolean;
  tasks: readonly Task[];
  quantize: { engine: QuantizeEngine; rounding: Rounding };
  variants: readonly Variant[];
  gates: Gates;
  smoke: readonly SmokePrompt[];
  devices: readonly Device[];
  /** The catalog of the devices: also their backends' support of types and the sources of figures. */
  catalog: Catalog;
  /** Additions to and replacements of the checkpoint's metadata. */
  metadata: NonNullable<Recipe["metadata"]>;
  /** The publisher's choices for the model card. */
  card: CardLayout;
  /** Omitted if the recipe names no target. */
  publish?: PublishSettings;
  /** Whether files that only other steps read stay in the store after their last use. */
  keepIntermediates: boolean;
  probes: "none" | "groups" | "tensors";
  /** Whether dynamic variants are also refined by measurement. */
  effort: "standard" | "thorough";
  concurrency: { downloads: number };
  compute: ComputeSettings;
  /** The model that imatrix, logits and probes are computed with. */
  base: BaseKind;
  /** Resources for queue jobs; not part of any key. */
  executors: ExecutorSettings;
  /** Origin of each value by dotted key: `evaluation.chunks`, `gates.kldMean`. Does not include the pipeline's name. */
  origins: Readonly<Record<string, Origin>>;
  /** Returns the place of the value at a path in the recipe; of the nearest parent if the recipe omits it. */
  locate(path: YamlPath): SourceLocation;
}
