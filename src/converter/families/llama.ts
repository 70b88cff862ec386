import type { JsonObject } from "../../util/canonical-json.js";
import type { Entries } from "../entries.js";
import { llamaFrequencies } from "../rope-frequencies.js";
import { entry, textMetadata } from "../text-metadata.js";
import type { Family, ModelFacts } from "./family.js";
import {
  attention,
  experts,
  feedForward,
  layers,
  norm,
  outerTensors,
  readDimensions,
  readExperts,
  ruleMap,
} from "./standard-tensors.js";

const shared = {
  vocab_size: 32_000,
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  head_dim: null,
};

/** transformers' defaults by model type. */
const defaults = {
  llama: {
    ...{ ...shared, intermediate_size: 11_008, num_key_value_heads: null, max_position_embeddings: 2048 },
    ...{ rms_norm_eps: 1e-6, rope_theta: 10_000, rope_scaling: null, tie_word_embeddings: false },
  },
  mistral: {
    ...{ ...shared, intermediate_size: 14_336, num_key_value_heads: 8, max_position_embeddings: 131_072 },
    ...{ rms_norm_eps: 1e-6, rope_theta: 10_000, tie_word_embeddings: false },
  },
  mixtral: {
    ...{ ...shared, intermediate_size: 14_336, num_key_value_heads: 8, max_position_embeddings: 131_072 },
    ...{ rms_norm_eps: 1e-5, rope_theta: 1e6, tie_word_embeddings: false },
    ...{ num_experts_per_tok: 2, num_local_experts: 8 },
  },
};

const ropeTypes = ["linear", "yarn", "llama3"];

/** Llama 1 to 3 and models of the same structure: Mistral, SmolLM, DeepSeek-Coder, … */
export const llama: Family = {
  architectures: ["LlamaForCausalLM", "MistralForCausalLM"],
  gguf: "llama",
  vocabulary: "llama",
  ropeTypes,
  defaults: { llama: defaults.llama, mistral: defaults.mistral },
  adjust,
  metadata,
  tensors(h) {
    const dimensions = readDimensions(h);
    const rules = layers(dimensions.layers, (layer) => [
      norm(layer, "input_layernorm", "attn_norm", dimensions.hidden),
      ...attention(layer, dimensions, { interleave: true }),
      norm(layer, "post_attention_layernorm", "ffn_norm", dimensions.hidden),
      ...feedForward(layer, dimensions),
    ]);
    return ruleMap([...outerTensors(h, dimensions), ...rules]);
  },
  generated,
};

/** Mixtral: Llama with experts. */
export const mixtral: Family = {
  architectures: ["MixtralForCausalLM"],
  gguf: "llama",
  vocabulary: "llama",
  ropeTypes,
  defaults: { mixtral: defaults.mixtral },
  adjust,
  metadata,
  tensors(h) {
    const dimensions = readDimensions(h);
    const count = readExperts(h, "num_local_experts", dimensions);
    const rules = layers(dimensions.layers, (layer) => [
      norm(layer, "input_layernorm", "attn_norm", dimensions.hidden),
      ...attention(layer, dimensions, { interleave: true }),
      norm(layer, "post_attention_layernorm", "ffn_norm", dimensions.hidden),
      ...experts(layer, dimensions, count, "block_sparse_moe", { gate: "w1", down: "w2", up: "w3" }),
    ]);
    return ruleMap([...outerTensors(h, dimensions), ...rules]);
  },
  expertOrder: ["gate", "down", "up"],
  generated,
};

/** Applies the changes of transformers' LlamaConfig; MistralConfig and MixtralConfig do not derive head_dim. */
function adjust(config: JsonObject): JsonObject {
  const { hidden_size: hidden, num_attention_heads: heads, model_type: type } = config;
  const derived =
    typeof hidden === "number" && typeof heads === "number" && heads > 0 ? Math.floor(hidden / heads) : null;
  return {
    ...config,
    num_key_value_heads: config.num_key_value_heads ?? heads ?? null,
    head_dim: config.head_dim ?? (type === "llama" ? derived : null),
  };
}

function metadata(model: ModelFacts): Entries {
  const { h } = model;
  return [
    ...textMetadata("llama", model),
    ...entry("llama", "vocab_size", "uint32", h.size("vocab_size")),
    ...entry("llama", "rope.dimension_count", "uint32", readDimensions(h).headDim),
  ];
}

function generated({ h, rope }: ModelFacts) {
  if (rope.type !== "llama3") return { tensors: [] };
  return { tensors: [{ gguf: "rope_freqs.weight", values: llamaFrequencies(rope.full, readDimensions(h).headDim) }] };
}
