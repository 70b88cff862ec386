import type { JsonObject } from "../../util/canonical-json.js";
import { toFloat } from "../hyperparameters.js";
import { badConfig, nativeUnsupported } from "../native-errors.js";
import { entry, fileTypeEntry, requiredNumericEntries } from "../text-metadata.js";
import type { Family, ModelFacts } from "./family.js";
import { layers, linear, norm, outerTensors, readDimensions, ruleMap } from "./standard-tensors.js";

const contextNames = ["n_positions", "max_position_embeddings"];

/** Phi 3, 3.5 and 4. */
export const phi3: Family = {
  architectures: ["Phi3ForCausalLM"],
  gguf: "phi3",
  vocabulary: "phi3",
  ropeTypes: ["longrope"],
  defaults: {
    phi3: {
      ...{ vocab_size: 32_064, hidden_size: 3072, intermediate_size: 8192, num_hidden_layers: 32 },
      ...{ num_attention_heads: 32, num_key_value_heads: null, max_position_embeddings: 4096, rms_norm_eps: 1e-5 },
      ...{ original_max_position_embeddings: 4096, rope_theta: 10_000, rope_scaling: null, sliding_window: null },
      ...{ partial_rotary_factor: 1, tie_word_embeddings: false },
    },
  },
  adjust,
  metadata({ h, rope, fileType }) {
    const original = originalContext(rope.full);
    const { heads, hidden } = readDimensions(h);
    return [
      ...requiredNumericEntries("phi3", h, [["context_length", "uint32", ...contextNames]]),
      ...entry("phi3", "rope.scaling.original_context_length", "uint32", original),
      ...requiredNumericEntries("phi3", h, [
        ["embedding_length", "uint32", "hidden_size", "n_embd"],
        ["feed_forward_length", "uint32", "intermediate_size"],
        ["block_count", "uint32", "num_hidden_layers"],
        ["attention.head_count", "uint32", "num_attention_heads", "n_head"],
        ["attention.head_count_kv", "uint32", "num_key_value_heads", "n_head_kv"],
        ["attention.layer_norm_rms_epsilon", "float32", "rms_norm_eps"],
      ]),
      ...entry("phi3", "rope.dimension_count", "uint32", ropeDimensions(rope.full, hidden, heads)),
      ...entry("phi3", "rope.freq_base", "float32", toFloat(rope.full.rope_theta ?? null, "rope_theta")),
      fileTypeEntry(fileType),
      // llama.cpp recognizes a Phi 4 by the value 0.
      ...entry("phi3", "attention.sliding_window", "uint32", h.integer(["sliding_window"]) ?? 0),
    ];
  },
  tensors(h) {
    const dimensions = readDimensions(h);
    const { heads, kvHeads, headDim, hidden, inner } = dimensions;
    const rules = layers(dimensions.layers, (layer) => [
      norm(layer, "input_layernorm", "attn_norm", hidden),
      ...linear(layer, "self_attn.qkv_proj", "attn_qkv", [(heads + 2 * kvHeads) * headDim, hidden]),
      ...linear(layer, "self_attn.o_proj", "attn_output", [hidden, heads * headDim]),
      norm(layer, "post_attention_layernorm", "ffn_norm", hidden),
      ...linear(layer, "mlp.gate_up_proj", "ffn_up", [2 * inner, hidden]),
      ...linear(layer, "mlp.down_proj", "ffn_down", [hidden, inner]),
    ]);
    return ruleMap([...outerTensors(h, dimensions), ...rules]);
  },
  generated: longRope,
};

function originalContext(rope: JsonObject): number {
  const value = rope.original_max_position_embeddings;
  if (typeof value === "number" && Number.isInteger(value) && value > 1) return value;
  throw badConfig("original_max_position_embeddings is missing or not an integer above 1");
}

function ropeDimensions(rope: JsonObject, hidden: number, heads: number): number {
  const share = rope.partial_rotary_factor ?? 1;
  return Math.floor(Math.trunc(toFloat(share, "partial_rotary_factor") * hidden) / heads);
}

/** Returns the factors for both context lengths, and the attention factor, which the converter writes first. */
function longRope({ h, rope }: ModelFacts) {
  const { long_factor: long, short_factor: short } = rope.full;
  if (long == null || (Array.isArray(long) && long.length === 0)) return { tensors: [] };
  const { hidden, heads } = readDimensions(h);
  const pairs = ropeDimensions(rope.full, hidden, heads) / 2;
  const original = originalContext(rope.full);
  const scale = (h.integer(contextNames) ?? 0) / original;
  const attention = scale > 1 ? Math.sqrt(1 + Math.log(scale) / Math.log(original)) : 1;
  return {
    tensors: [
      { gguf: "rope_factors_long.weight", values: factors(long, "long_factor", pairs) },
      { gguf: "rope_factors_short.weight", values: factors(short ?? null, "short_factor", pairs) },
    ],
    metadata: entry("phi3", "rope.scaling.attn_factor", "float32", attention),
  };
}

function factors(list: unknown, name: string, length: number): Float32Array<ArrayBuffer> {
  if (!Array.isArray(list) || list.length !== length) {
    throw badConfig(`rope_scaling.${name} is not a list of ${length} numbers`);
  }
  return Float32Array.from(list, (value) => toFloat(value, `rope_scaling.${name}`));
}

/** Applies the changes of transformers' Phi3Config. Throws QS-CONVERT-NATIVE for values that Phi3Config rejects. */
function adjust(config: JsonObject): JsonObject {
  const { rope_scaling: scaling } = config;
  const all = { ...config, num_key_value_heads: config.num_key_value_heads ?? config.num_attention_heads ?? null };
  if (scaling == null) return all;
  const { type, ...lists } = scaling as JsonObject;
  if (Object.keys(lists).length !== 2 || !["longrope", "su", "yarn"].includes(String(type))) {
    throw nativeUnsupported("supports rope_scaling of Phi 3 only with the keys long_factor, short_factor and type");
  }
  return { ...all, rope_scaling: { ...lists, type: "longrope" } };
}
