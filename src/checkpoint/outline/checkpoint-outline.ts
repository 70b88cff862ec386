import type { JsonObject } from "../../util/canonical-json.js";
import { isObject } from "../parse-python-json.js";
import { firstNumber, languageConfig } from "./language-config.js";
import { type SurveyOptions, TensorSurvey, type TensorTotals } from "./tensor-survey.js";
import { quantizationConfig, type WeightFormat, weightFormat } from "./weight-format.js";

/** Properties of a checkpoint from its configuration and its headers, before any weight is read. */
export interface CheckpointOutline {
  /** `architectures[0]` of config.json. */
  architecture: string;
  /** `model_type` of config.json; null without one. */
  modelType: string | null;
  /** Counted from the shapes in the headers; an estimate from bytes if `isCounted` is false. */
  parameters: number;
  /** False if the headers are not known: a pickle, or a file that is not in the cache while offline. */
  isCounted: boolean;
  /** Bytes of all tensors. */
  tensorBytes: number;
  /** Estimated bytes of the converted base: 16 bits per weight, or the files' own bytes where packed values are kept. */
  baseBytes: number;
  /** The weights that the converter keeps in their quantized type, and that type; null for a base without any. */
  kept: KeptWeights | null;
  /** Null if no header is known. */
  format: WeightFormat | null;
  /** Parts beside the language model, and their weights. */
  towers: readonly ("vision" | "audio")[];
  towerParameters: number;
  /** Layers for multi-token prediction (MTP, NextN) in the files, and their weights. */
  mtpLayers: number;
  mtpParameters: number;
  /** Such layers according to config.json, which some checkpoints name without containing them. */
  mtpDeclared: number;
  layers: number | null;
  /** Trained context in tokens. */
  contextLength: number | null;
  /** Tokens of the vocabulary. */
  vocabulary: number | null;
  /** Whether output and embedding share one matrix; null if config.json does not say. */
  tied: boolean | null;
  /** Routed experts per layer; 0 for a dense model. */
  experts: number;
}

/** Weights of a base in a quantized type of GGUF files, such as gpt-oss's experts in MXFP4. */
export interface KeptWeights {
  type: "MXFP4" | "NVFP4";
  parameters: number;
}

/** Keys of config.json for the number of layers for multi-token prediction. */
const mtpKeys = ["num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_layers", "n_mtp"];

/** Returns what a survey of a checkpoint's headers needs of its configuration. Pure. */
export function surveyOptions(config: JsonObject, modelOpt: JsonObject | undefined): SurveyOptions {
  return {
    layers: firstNumber(languageConfig(config), "num_hidden_layers", "n_layers", "n_layer", "num_layers"),
    hasTowers: towersOf(config).length > 0,
    bits: quantizationConfig(config, modelOpt).bits,
    bytesPerValue: bytesPerValue(config),
  };
}

/** Returns the bytes of a value according to config.json. */
function bytesPerValue(config: JsonObject): number {
  const language = languageConfig(config);
  const type = config.dtype ?? config.torch_dtype ?? language.dtype ?? language.torch_dtype;
  return type === "float32" ? 4 : 2;
}

/** Returns the vision and audio towers that a configuration names. */
export function towersOf(config: JsonObject): ("vision" | "audio")[] {
  const thinker = isObject(config.thinker_config) ? config.thinker_config : {};
  return (["vision", "audio"] as const).filter((kind) =>
    [config, thinker].some((each) => isObject(each[`${kind}_config`])),
  );
}

/**
 * Describes a checkpoint from its configuration, ModelOpt's hf_quant_config.json if there is one, and the totals of its
 * headers. `isCounted`: whether all headers are in the totals. Pure.
 */
export function outlineCheckpoint(
  { config, architecture, modelOpt }: { config: JsonObject; architecture: string; modelOpt: JsonObject | undefined },
  totals: TensorTotals,
  isCounted: boolean,
): CheckpointOutline {
  const language = languageConfig(config);
  const { parameters, towerParameters, mtpParameters, mtpLayers, tensorBytes, dtypes } = totals;
  const declared = quantizationConfig(config, modelOpt);
  const format = Object.keys(dtypes).length === 0 ? null : weightFormat(declared, totals);
  const tied = language.tie_word_embeddings;
  return {
    architecture,
    modelType: typeof config.model_type === "string" ? config.model_type : null,
    ...{ parameters, isCounted, tensorBytes, towerParameters, mtpParameters, mtpLayers },
    baseBytes: format?.kept ? tensorBytes : 2 * parameters,
    kept: format?.kept ? { type: format.kept, parameters: totals.packedParameters } : null,
    format,
    towers: towersOf(config),
    mtpDeclared: firstNumber(language, ...mtpKeys) ?? 0,
    layers: surveyOptions(config, modelOpt).layers,
    contextLength: firstNumber(language, "max_position_embeddings", "n_ctx", "n_positions", "max_sequence_length"),
    vocabulary: firstNumber(language, "vocab_size"),
    tied: typeof tied === "boolean" ? tied : null,
    experts: firstNumber(language, "num_experts", "num_local_experts", "n_routed_experts") ?? 0,
  };
}

/** Starts a survey of a checkpoint's headers. */
export function startSurvey(config: JsonObject, modelOpt: JsonObject | undefined): TensorSurvey {
  return new TensorSurvey(surveyOptions(config, modelOpt));
}
