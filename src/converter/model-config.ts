import { isObject } from "../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../util/canonical-json.js";
import type { Family } from "./families/family.js";
import { fp8Layout } from "./fp8-layout.js";
import { Hyperparameters } from "./hyperparameters.js";
import { badConfig, formatValue, nativeUnsupported } from "./native-errors.js";

/** Keys with a nested configuration of other model kinds, and other names for keys that are read here. */
const unsupportedKeys = [
  ...["llm_config", "lm_config", "thinker_config", "language_config", "lfm", "transformer_layer_config"],
  ...["draft_vocab_size", "n_layers", "n_heads", "n_kv_heads"],
];

/**
 * Returns config.json as llama.cpp's converter reads it through transformers: with the defaults of the model type, and
 * with `text_config` merged into the top level. Throws QS-CONVERT-CONFIG and QS-CONVERT-NATIVE.
 */
export function readModelConfig(family: Family, config: JsonObject): Hyperparameters {
  const unsupported = unsupportedKeys.find((key) => config[key] !== undefined);
  if (unsupported !== undefined) throw nativeUnsupported(`does not support ${unsupported} in config.json`);
  const root = withDefaults(family, config);
  if (config.text_config === undefined) return new Hyperparameters(root);
  if (!family.multimodal) throw nativeUnsupported("does not support text_config in config.json for this architecture");
  if (!isObject(config.text_config)) throw badConfig("text_config is not a JSON object");
  const text = config.text_config as JsonObject;
  return new Hyperparameters({ ...root, ...withDefaults(family, text) });
}

function withDefaults(family: Family, config: JsonObject): JsonObject {
  const type = config.model_type;
  const defaults = typeof type === "string" && Object.hasOwn(family.defaults, type) ? family.defaults[type] : undefined;
  if (defaults === undefined) {
    throw nativeUnsupported(`does not support the model_type ${formatValue(type ?? null)} for this architecture`);
  }
  const all = { ...defaults, ...config };
  refuseUnread(all);
  return family.adjust?.(all) ?? all;
}

const layerTypes = ["full_attention", "sliding_attention", "chunked_attention", "linear_attention"];
const numberTypes = ["bfloat16", "float16", "float32", "float64", "half", "float", "double"];

/**
 * Throws QS-CONVERT-NATIVE for values that transformers rejects or reads differently: llama.cpp's converter then uses
 * config.json alone, without defaults.
 */
function refuseUnread(config: JsonObject): void {
  const quantized = config.quantization_config;
  if (quantized === null) throw nativeUnsupported("does not support quantization_config null");
  if (quantized !== undefined && fp8Layout(quantized) === undefined) {
    throw nativeUnsupported("supports no quantized weights but FP8");
  }
  const types = config.layer_types ?? null;
  const known = (type: Json) => typeof type === "string" && layerTypes.includes(type);
  if (types !== null && !(Array.isArray(types) && types.length === config.num_hidden_layers && types.every(known))) {
    throw nativeUnsupported(
      `does not support layer_types ${formatValue(types)} for ${formatValue(config.num_hidden_layers ?? null)} layers`,
    );
  }
  for (const key of ["dtype", "torch_dtype"]) {
    const type = config[key] ?? null;
    if (type !== null && !(typeof type === "string" && numberTypes.includes(type))) {
      throw nativeUnsupported(`does not support ${key} ${formatValue(type)}`);
    }
  }
  refuseScaling(config);
  const odd = Object.entries(unrelated).find(([key, isUsual]) => config[key] !== undefined && !isUsual(config[key]));
  if (odd !== undefined) throw nativeUnsupported(`does not support ${odd[0]} ${formatValue(config[odd[0]] ?? null)}`);
}

/** Keys without influence on the conversion, with the values that transformers accepts. */
const unrelated: Readonly<Record<string, (value: Json) => boolean>> = {
  id2label: (labels) => labels === null || hasNumberedMembers(labels),
  label2id: (ids) => ids === null || isObject(ids),
  pruned_heads: hasNumberedMembers,
  problem_type: (type) =>
    type === null || /^(regression|(single|multi)_label_classification)$/.test(typeof type === "string" ? type : ""),
  use_return_dict: () => false,
};

function hasNumberedMembers(value: Json): boolean {
  return isObject(value) && Object.keys(value).every((key) => /^\d{1,9}$/.test(key));
}

/** Model types for which transformers accepts any rope_scaling. */
const freeScaling = ["gemma2", "mistral", "mixtral", "phi3"];
/** Keys that transformers requires in a rope_scaling, by its type. */
const scalingKeys: Readonly<Record<string, readonly string[]>> = {
  linear: ["factor"],
  yarn: ["factor"],
  llama3: ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"],
};

function refuseScaling({ model_type: model, rope_scaling: scaling = null }: JsonObject): void {
  if (!isObject(scaling) || freeScaling.includes(String(model))) return;
  const { rope_type: newerType, type = newerType } = scaling;
  if (typeof type !== "string")
    throw nativeUnsupported(`does not support rope_scaling ${formatValue(scaling as JsonObject)} without a type`);
  const missing = scalingKeys[type]?.find((key) => scaling[key] === undefined);
  if (missing !== undefined)
    throw nativeUnsupported(`does not support rope_scaling of type ${type} without ${missing}`);
}
