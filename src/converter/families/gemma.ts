import type { JsonObject } from "../../util/canonical-json.js";
import type { Entries } from "../entries.js";
import { nativeUnsupported } from "../native-errors.js";
import { entry, fileTypeEntry, requiredNumericEntries, requireValue, textMetadata } from "../text-metadata.js";
import type { Family, ModelFacts } from "./family.js";
import {
  attention,
  feedForward,
  layers,
  type ModelDimensions,
  norm,
  outerTensors,
  type Rule,
  readDimensions,
  ruleMap,
} from "./standard-tensors.js";

const shared = {
  ...{ hidden_size: 2304, intermediate_size: 9216, num_hidden_layers: 26, num_attention_heads: 8 },
  ...{ num_key_value_heads: 4, head_dim: 256, rms_norm_eps: 1e-6, sliding_window: 4096, tie_word_embeddings: true },
};

/** Gemma 2. */
export const gemma2: Family = {
  architectures: ["Gemma2ForCausalLM"],
  gguf: "gemma2",
  vocabulary: "gemma2",
  ropeTypes: [],
  defaults: {
    gemma2: {
      ...{ ...shared, vocab_size: 256_000, max_position_embeddings: 8192, rope_theta: 10_000 },
      ...{ attn_logit_softcapping: 50, final_logit_softcapping: 30 },
    },
  },
  metadata: ({ h, fileType }) => [
    ...requiredNumericEntries("gemma2", h, [
      ["context_length", "uint32", "max_position_embeddings"],
      ["embedding_length", "uint32", "hidden_size"],
      ["block_count", "uint32", "num_hidden_layers"],
      ["feed_forward_length", "uint32", "intermediate_size"],
      ["attention.head_count", "uint32", "num_attention_heads"],
      ["attention.head_count_kv", "uint32", "num_key_value_heads"],
      ["attention.layer_norm_rms_epsilon", "float32", "rms_norm_eps"],
      ["attention.key_length", "uint32", "head_dim"],
      ["attention.value_length", "uint32", "head_dim"],
    ]),
    fileTypeEntry(fileType),
    ...requiredNumericEntries("gemma2", h, [
      ["attn_logit_softcapping", "float32", "attn_logit_softcapping"],
      ["final_logit_softcapping", "float32", "final_logit_softcapping"],
      ["attention.sliding_window", "uint32", "sliding_window"],
    ]),
  ],
  tensors(h) {
    const dimensions = readDimensions(h);
    const outer = outerTensors(h, dimensions).map((rule) =>
      // llama.cpp's Gemma 2 always uses the embedding as its output.
      rule.gguf === "output.weight" ? { ...rule, required: false, ignored: true } : rule,
    );
    return ruleMap([...outer, ...layers(dimensions.layers, (layer) => gemmaLayer(layer, dimensions))].map(plusOne));
  },
};

/** Gemma 3, including the language model of a multimodal one. */
export const gemma3: Family = {
  architectures: ["Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"],
  gguf: "gemma3",
  vocabulary: "gemma3",
  ropeTypes: ["linear", "yarn"],
  multimodal: true,
  cutsVocabulary: true,
  defaults: {
    gemma3_text: {
      ...{ ...shared, vocab_size: 262_208, max_position_embeddings: 131_072, rope_theta: 1e6 },
      ...{ rope_local_base_freq: 10_000, rope_scaling: null, attn_logit_softcapping: null },
      final_logit_softcapping: null,
    },
    gemma3: {},
  },
  adjust: (config) => (config.use_bidirectional_attention === true ? halfWindow(config) : config),
  metadata: gemma3Metadata,
  tensors(h) {
    const dimensions = readDimensions(h);
    const rules = layers(dimensions.layers, (layer) => [
      ...gemmaLayer(layer, dimensions),
      norm(layer, "self_attn.q_norm", "attn_q_norm", dimensions.headDim),
      norm(layer, "self_attn.k_norm", "attn_k_norm", dimensions.headDim),
    ]);
    const outer = outerTensors(h, dimensions).map((rule) =>
      rule.gguf === "token_embd.weight" ? { ...rule, vocabulary: true } : rule,
    );
    return ruleMap([...outer, ...rules].map(plusOne));
  },
};

function gemmaLayer(layer: number, dimensions: ModelDimensions): Rule[] {
  return [
    norm(layer, "input_layernorm", "attn_norm", dimensions.hidden),
    ...attention(layer, dimensions),
    norm(layer, "post_attention_layernorm", "post_attention_norm", dimensions.hidden),
    norm(layer, "pre_feedforward_layernorm", "ffn_norm", dimensions.hidden),
    ...feedForward(layer, dimensions),
    norm(layer, "post_feedforward_layernorm", "post_ffw_norm", dimensions.hidden),
  ];
}

/** Gemma's norms multiply by 1 + weight. */
function plusOne(rule: Rule): Rule {
  return rule.name.endsWith("norm.weight") ? { ...rule, plusOne: true } : rule;
}

/** Keys that the converter always writes; it fails on null. */
const alwaysWritten = [
  ...["max_position_embeddings", "num_attention_heads", "rms_norm_eps", "head_dim", "num_key_value_heads"],
];

function gemma3Metadata(model: ModelFacts): Entries {
  const { h, rope } = model;
  for (const name of alwaysWritten) requireValue(h, name);
  if (h.firstPresent("attn_logit_softcapping") !== undefined)
    throw nativeUnsupported("does not support Gemma 3 with attn_logit_softcapping");
  // A key already written by the general part keeps its position and gets this value.
  const theta = typeof rope.full.rope_theta === "number" ? rope.full.rope_theta : 1e6;
  const capping = h.number("final_logit_softcapping");
  return [
    ...textMetadata("gemma3", model),
    ...entry("gemma3", "rope.freq_base", "float32", theta),
    ...(capping === undefined || capping === 0 ? [] : entry("gemma3", "final_logit_softcapping", "float32", capping)),
    ...(h.values.sliding_window_pattern === 1
      ? []
      : entry("gemma3", "attention.sliding_window", "uint32", h.size("sliding_window"))),
  ];
}

function halfWindow(config: JsonObject): JsonObject {
  const window = config.sliding_window;
  return typeof window === "number" ? { ...config, sliding_window: Math.floor(window / 2) + 1 } : config;
}
