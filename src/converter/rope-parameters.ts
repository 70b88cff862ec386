import { isObject } from "../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../util/canonical-json.js";
import { quote } from "../util/quote.js";
import type { Entries } from "./entries.js";
import type { Hyperparameters } from "./hyperparameters.js";
import { toFloat, toInteger } from "./hyperparameters.js";
import { badConfig, nativeUnsupported } from "./native-errors.js";

/** Rotary embedding of a model, normalized from the key names of different configurations. */
export interface RopeParameters {
  /** Parameters of the layers with full attention. */
  full: JsonObject;
  /** Base frequency of the layers with a sliding window. */
  slidingTheta: number | undefined;
  type: string | undefined;
}

/**
 * Reads `rope_parameters` or `rope_scaling`, and fills missing values from older keys.
 * Throws QS-CONVERT-CONFIG, and QS-CONVERT-NATIVE for a rope type that is not in `types`.
 */
export function readRope(h: Hyperparameters, types: readonly string[]): RopeParameters {
  const key = h.values.rope_parameters === undefined ? "rope_scaling" : "rope_parameters";
  const all = object(h.values[key] ?? {}, key);
  if (all.mrope_section !== undefined) throw nativeUnsupported("does not support mrope_section");
  const perKind = all.full_attention !== undefined || all.sliding_attention !== undefined;
  const parameters = perKind ? all : withOlderKeys(h, all);
  const full = object(parameters.full_attention ?? parameters, "rope_parameters.full_attention");
  const sliding = object(parameters.sliding_attention ?? {}, "rope_parameters.sliding_attention");
  const type = full.rope_type ?? undefined;
  if (type !== undefined && typeof type !== "string") throw badConfig("rope_scaling.rope_type is not a string");
  if (type !== undefined && type !== "default" && !types.includes(type)) {
    throw nativeUnsupported(`does not support the rope type ${quote(type)} for this architecture`);
  }
  const theta = sliding.rope_theta;
  return { full, type, slidingTheta: theta == null ? undefined : toFloat(theta, "rope_theta of sliding attention") };
}

const thetaNames = ["global_rope_theta", "rope_global_theta", "rope_theta_global", "rope_theta", "rotary_emb_base"];
const localThetaNames = [
  ...["local_rope_theta", "rope_local_theta", "rope_theta_local", "swa_rope_theta", "rope_local_base_freq"],
];

function withOlderKeys(h: Hyperparameters, given: JsonObject): JsonObject {
  // `type` is the older name of `rope_type`; which one counts depends on the model type.
  if (given.type !== undefined && given.rope_type !== undefined && given.type !== given.rope_type) {
    throw nativeUnsupported("does not support two different rope types (type and rope_type)");
  }
  const local = h.firstPresent(...localThetaNames)?.value;
  const older = {
    rope_theta: h.firstPresent(...thetaNames)?.value,
    rope_type: given.type,
    partial_rotary_factor: h.firstPresent("partial_rotary_factor", "rope_pct", "rope_percent")?.value,
    original_max_position_embeddings: h.firstPresent("original_max_position_embeddings")?.value,
  };
  const missing = Object.entries(older).filter(([name, value]) => value != null && given[name] === undefined);
  return {
    ...given,
    ...Object.fromEntries(missing),
    ...(local === undefined ? {} : { sliding_attention: { rope_theta: local } }),
  };
}

/** Returns the entries `<architecture>.rope.*`, in the order of llama.cpp's converter. */
export function ropeEntries(architecture: string, rope: RopeParameters): Entries {
  const { full, type, slidingTheta } = rope;
  const key = (name: string) => `${architecture}.rope.${name}`;
  const float = (name: string, value: Json | undefined, source = `rope_scaling (${name})`): Entries =>
    value == null ? [] : [[key(name), { type: "float32", value: toFloat(value, source) }]];
  const scaled: Entries = [];
  if (type === "linear" || type === "yarn") {
    scaled.push([key("scaling.type"), { type: "string", value: type }]);
    scaled.push(...float("scaling.factor", required(full, "factor")));
  }
  if (type === "yarn") {
    const context = toInteger(required(full, "original_max_position_embeddings"), "original_max_position_embeddings");
    scaled.push([key("scaling.original_context_length"), { type: "uint32", value: context }]);
    scaled.push(...float("scaling.yarn_ext_factor", full.extrapolation_factor));
    const attention = full.attention_factor === undefined ? full.attn_factor : full.attention_factor;
    scaled.push(...float("scaling.yarn_attn_factor", attention));
    scaled.push(...float("scaling.yarn_beta_fast", full.beta_fast));
    scaled.push(...float("scaling.yarn_beta_slow", full.beta_slow));
  }
  const theta = float("freq_base", full.rope_theta, "rope_theta");
  return [...scaled, ...theta, ...float("freq_base_swa", slidingTheta)];
}

function required(parameters: JsonObject, name: string): Json {
  const value = parameters[name];
  if (value == null)
    throw nativeUnsupported(
      `does not support rope_scaling of type ${quote(String(parameters.rope_type))} without ${name}`,
    );
  return value;
}

function object(value: Json, name: string): JsonObject {
  if (!isObject(value)) throw badConfig(`${name} is not a JSON object`);
  return value as JsonObject;
}
