import type { JsonObject } from "../../../util/canonical-json.js";
import { isObject } from "../../fetch/json-text.js";
import type { Family } from "./families/family.js";
import { Hyperparameters } from "./hyperparameters.js";
import { badConfig, notNative, shown } from "./refuse.js";

/** Keys under which other kinds of model keep a configuration of their own, or which rename what is read here. */
const foreignKeys = [
  ...["llm_config", "lm_config", "thinker_config", "language_config", "lfm", "transformer_layer_config"],
  ...["draft_vocab_size", "n_layers", "n_heads", "n_kv_heads"],
];

/** Whether config.json says that the weights are quantized already. */
export function isQuantized(config: JsonObject): boolean {
  const text = isObject(config.text_config) ? config.text_config : {};
  return config.quantization_config != null || text.quantization_config != null;
}

/**
 * What llama.cpp's converter sees of config.json: transformers reads it first, which fills in the defaults of the model
 * type, and a language model inside `text_config` comes to the top. Throws QS-CONVERT-CONFIG and QS-CONVERT-NATIVE.
 */
export function readModelConfig(family: Family, config: JsonObject): Hyperparameters {
  if (isQuantized(config)) throw notNative("does not take weights that are quantized already");
  const foreign = foreignKeys.find((key) => config[key] !== undefined);
  if (foreign !== undefined) throw notNative(`does not know ${foreign} in config.json`);
  const root = withDefaults(family, config);
  if (config.text_config === undefined) return new Hyperparameters(root);
  if (!family.multimodal) throw notNative("does not know a text_config in config.json for this architecture");
  if (!isObject(config.text_config)) throw badConfig("text_config is no JSON object");
  const text = config.text_config as JsonObject;
  return new Hyperparameters({ ...root, ...withDefaults(family, text) });
}

function withDefaults(family: Family, config: JsonObject): JsonObject {
  const type = config.model_type;
  const defaults = typeof type === "string" && Object.hasOwn(family.defaults, type) ? family.defaults[type] : undefined;
  if (defaults === undefined) {
    throw notNative(`does not know the model_type ${shown(type ?? null)} for this architecture`);
  }
  const all = { ...defaults, ...config };
  return family.adjust?.(all) ?? all;
}
