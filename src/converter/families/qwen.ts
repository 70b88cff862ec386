import type { JsonObject } from "../../util/canonical-json.js";
import type { Entries } from "../entries.js";
import { entry, numericEntries, textMetadata } from "../text-metadata.js";
import type { Family, ModelFacts } from "./family.js";
import {
  attention,
  experts,
  feedForward,
  layers,
  type ModelDimensions,
  norm,
  outerTensors,
  readDimensions,
  readExperts,
  readExpertWidth,
  ruleMap,
} from "./standard-tensors.js";

const shared = {
  ...{ vocab_size: 151_936, num_attention_heads: 32, max_position_embeddings: 32_768, rms_norm_eps: 1e-6 },
  ...{ rope_theta: 10_000, rope_scaling: null, tie_word_embeddings: false },
};
const dense = {
  ...{ ...shared, hidden_size: 4096, intermediate_size: 22_016, num_hidden_layers: 32, num_key_value_heads: 32 },
};
const ropeTypes = ["linear", "yarn"];

/** Qwen 2 and 2.5. */
export const qwen2: Family = {
  architectures: ["Qwen2ForCausalLM"],
  gguf: "qwen2",
  vocabulary: "qwen",
  ropeTypes,
  defaults: { qwen2: dense },
  adjust,
  metadata: (model) => [...textMetadata("qwen2", model), ...poolingEntry("qwen2", model)],
  tensors(h) {
    const dimensions = readDimensions(h);
    const rules = layers(dimensions.layers, (layer) => [
      norm(layer, "input_layernorm", "attn_norm", dimensions.hidden),
      ...attention(layer, dimensions, { bias: "required" }),
      norm(layer, "post_attention_layernorm", "ffn_norm", dimensions.hidden),
      ...feedForward(layer, dimensions),
    ]);
    return ruleMap([...outerTensors(h, dimensions), ...rules]);
  },
};

/** Qwen 3: norms on queries and keys instead of biases. */
export const qwen3: Family = {
  architectures: ["Qwen3ForCausalLM"],
  gguf: "qwen3",
  // llama.cpp's converter recognizes rerankers by name and converts them to classifiers.
  unsupportedNames: /qwen3-(vl-)?reranker/i,
  vocabulary: "qwen",
  ropeTypes,
  defaults: { qwen3: { ...dense, head_dim: 128 } },
  adjust,
  metadata: (model) => [...textMetadata("qwen3", model), ...poolingEntry("qwen3", model)],
  tensors(h) {
    const dimensions = readDimensions(h);
    const rules = layers(dimensions.layers, (layer) => [
      ...qwen3Attention(layer, dimensions),
      ...feedForward(layer, dimensions),
    ]);
    return ruleMap([...outerTensors(h, dimensions), ...rules]);
  },
};

/** Qwen 3 with experts in every layer. */
export const qwen3Moe: Family = {
  architectures: ["Qwen3MoeForCausalLM"],
  gguf: "qwen3moe",
  vocabulary: "bpe",
  ropeTypes,
  defaults: {
    qwen3_moe: {
      ...{ ...shared, hidden_size: 2048, intermediate_size: 6144, num_hidden_layers: 24, num_key_value_heads: 4 },
      ...{ moe_intermediate_size: 768, num_experts_per_tok: 8, num_experts: 128 },
    },
  },
  metadata: (model) => [
    ...textMetadata("qwen3moe", model),
    ...numericEntries("qwen3moe", model.h, [
      ["expert_feed_forward_length", "uint32", "moe_intermediate_size"],
      ["expert_shared_feed_forward_length", "uint32", "shared_expert_intermediate_size"],
    ]),
  ],
  tensors(h) {
    const dimensions = { ...readDimensions(h), inner: readExpertWidth(h, "moe_intermediate_size") };
    const count = readExperts(h, "num_experts", dimensions);
    const names = { gate: "gate_proj", down: "down_proj", up: "up_proj" };
    const rules = layers(dimensions.layers, (layer) => [
      ...qwen3Attention(layer, dimensions),
      ...experts(layer, dimensions, count, "mlp", names),
    ]);
    return ruleMap([...outerTensors(h, dimensions), ...rules]);
  },
  expertOrder: ["down", "gate", "up"],
};

function qwen3Attention(layer: number, dimensions: ModelDimensions) {
  return [
    norm(layer, "input_layernorm", "attn_norm", dimensions.hidden),
    ...attention(layer, dimensions),
    norm(layer, "self_attn.q_norm", "attn_q_norm", dimensions.headDim),
    norm(layer, "self_attn.k_norm", "attn_k_norm", dimensions.headDim),
    norm(layer, "post_attention_layernorm", "ffn_norm", dimensions.hidden),
  ];
}

function poolingEntry(architecture: string, { pooling }: ModelFacts): Entries {
  return pooling === undefined ? [] : entry(architecture, "pooling_type", "uint32", pooling);
}

function adjust(config: JsonObject): JsonObject {
  return { ...config, num_key_value_heads: config.num_key_value_heads ?? config.num_attention_heads ?? null };
}
