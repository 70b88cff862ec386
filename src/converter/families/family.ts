import type { JsonObject } from "../../util/canonical-json.js";
import type { Entries } from "../entries.js";
import type { Hyperparameters } from "../hyperparameters.js";
import type { RopeParameters } from "../rope-parameters.js";
import type { VocabularyKind } from "../vocabulary/vocabulary-kind.js";

/** Expected shape of a checkpoint tensor and its conversion to GGUF. */
export interface TensorRule {
  /** Name in the GGUF file. */
  gguf: string;
  /** Shape in the checkpoint, outermost dimension first. */
  shape: readonly number[];
  /** False for a tensor that only some checkpoints of the family contain. */
  required: boolean;
  /** Heads to reorder: Hugging Face stores the rotary pairs of a head in two halves, llama.cpp interleaved. */
  heads?: number;
  /** The checkpoint stores the weight minus one. */
  plusOne?: boolean;
  /** Set for an expert's matrix; all experts of a layer are merged into one tensor of three dimensions. */
  expert?: { layer: number; index: number };
  /** Rows beyond the vocabulary are dropped. */
  vocabulary?: boolean;
  /** True for a known tensor that is not written. */
  ignored?: boolean;
}

/** A tensor computed by the converter, absent from every checkpoint. */
export interface GeneratedTensor {
  gguf: string;
  values: Float32Array<ArrayBuffer>;
}

/** A group of architectures that share conversion rules. */
export interface Family {
  /** `architectures[0]` of config.json. */
  architectures: readonly string[];
  /** `general.architecture`. */
  gguf: string;
  /** Matches names of models that need more than the family's rules. */
  unsupportedNames?: RegExp;
  /** How the vocabulary is read. */
  vocabulary: VocabularyKind;
  /** Supported kinds of rope scaling, besides none. */
  ropeTypes: readonly string[];
  /** transformers' defaults by `model_type` for keys missing from config.json, limited to keys read here. */
  defaults: Readonly<Record<string, JsonObject>>;
  /** Whether config.json may contain the language model as `text_config` beside a tower, which is not converted. */
  multimodal?: boolean;
  /** Whether embedding rows beyond the vocabulary are dropped; the embedding's rule sets `vocabulary`, too. */
  cutsVocabulary?: boolean;
  /** Applies the changes that transformers makes when it reads a configuration. */
  adjust?(config: JsonObject): JsonObject;
  /** Returns `<architecture>.*` and `general.file_type` as llama.cpp's converter writes them. */
  metadata(model: ModelFacts): Entries;
  /** Returns the tensor rules by name in the checkpoint. */
  tensors(h: Hyperparameters): Map<string, TensorRule>;
  /** File order of the merged expert tensors of a layer. */
  expertOrder?: readonly ("gate" | "down" | "up")[];
  /** Returns tensors that precede all others, and metadata that precedes all other metadata. */
  generated?(model: ModelFacts): { tensors: GeneratedTensor[]; metadata?: Entries };
}

export interface ModelFacts {
  h: Hyperparameters;
  rope: RopeParameters;
  /** `general.file_type`, `enum llama_ftype`. */
  fileType: number;
  /** `enum llama_pooling_type` of an embedding model. */
  pooling?: number;
}
