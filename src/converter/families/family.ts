import type { JsonObject } from "../../util/canonical-json.js";
import type { Entries } from "../entries.js";
import type { Hyperparameters } from "../hyperparameters.js";
import type { RopeParameters } from "../rope-parameters.js";
import type { VocabularyKind } from "../vocabulary/vocabulary-kind.js";

/** What a tensor of a checkpoint must look like, and how it gets into the GGUF file. */
export interface TensorRule {
  /** Name in the GGUF file. */
  gguf: string;
  /** As the checkpoint stores it, outermost dimension first. */
  shape: readonly number[];
  /** False for what some checkpoints of the family have and others do not. */
  required: boolean;
  /** Hugging Face keeps the rotary pairs of a head in two halves, llama.cpp one after the other: heads to reorder. */
  heads?: number;
  /** The checkpoint stores the weight less one. */
  plusOne?: boolean;
  /** One of the matrices that become one tensor of three dimensions. */
  expert?: { layer: number; index: number };
  /** Rows beyond the vocabulary are dropped. */
  vocabulary?: boolean;
  /** Known, and left out. */
  ignored?: boolean;
}

/** A tensor that is in no checkpoint. */
export interface GeneratedTensor {
  gguf: string;
  values: Float32Array<ArrayBuffer>;
}

/** A group of architectures that are converted alike. */
export interface Family {
  /** `architectures[0]` of config.json. */
  architectures: readonly string[];
  /** `general.architecture`. */
  gguf: string;
  /** Names of models that need more than the rest of the family. */
  unsupportedNames?: RegExp;
  /** How its vocabulary is read. */
  vocabulary: VocabularyKind;
  /** Kinds of rope scaling that are understood, besides none. */
  ropeTypes: readonly string[];
  /** By `model_type`: what transformers takes for granted when config.json does not say, as far as it is read here. */
  defaults: Readonly<Record<string, JsonObject>>;
  /** Whether config.json may hold the language model as `text_config` beside a tower that is left out. */
  multimodal?: boolean;
  /** Whether rows of the embedding beyond the vocabulary are dropped; the rule of the embedding says so too. */
  cutsVocabulary?: boolean;
  /** Changes that transformers makes to a configuration as it reads it. */
  adjust?(config: JsonObject): JsonObject;
  /** `<architecture>.*` and `general.file_type` as the converter of llama.cpp writes them. */
  metadata(model: ModelFacts): Entries;
  /** By name in the checkpoint. */
  tensors(h: Hyperparameters): Map<string, TensorRule>;
  /** The merged tensors of a layer's experts, in the order of the file. */
  expertOrder?: readonly ("gate" | "down" | "up")[];
  /** Tensors that precede all others, and what is written before any other metadata on their account. */
  generated?(model: ModelFacts): { tensors: GeneratedTensor[]; metadata?: Entries };
}

export interface ModelFacts {
  h: Hyperparameters;
  rope: RopeParameters;
  /** `general.file_type`, `enum llama_ftype`. */
  fileType: number;
}
