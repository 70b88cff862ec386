import { metadataString } from "../../gguf/metadata.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { isObject } from "../parse-python-json.js";
import { type FileKeys, type KeyFacts, type LostKey, unless } from "./key-list.js";
import { otherInside, otherScaling } from "./rope-keys.js";

const architectureOf = ({ gguf }: KeyFacts) => metadataString(gguf, "general.architecture") ?? "";
const isOneOf = (facts: KeyFacts, ...names: string[]) => names.includes(architectureOf(facts));

/** Returns a rule for some architectures of GGUF files. */
function forArchitectures(names: readonly string[], rule: LostKey): LostKey {
  return {
    ...rule,
    when: `${rule.when}, for ${names.join(", ")}`,
    differs: (value, facts) => isOneOf(facts, ...names) && rule.differs(value, facts),
  };
}

const silu = ["llama", "qwen2", "qwen3", "qwen3moe", "phi3"];
const gelu = ["gemma2", "gemma3"];
const wholeContext = "llama.cpp attends to the whole context in every layer, so longer texts give other results";

/** Layers with full attention among those with a window, counted from 1: llama.cpp knows the pattern by the architecture. */
const patterns = { gemma2: 2, gemma3: 6 } as const;

function otherLayerTypes(value: Json | undefined, facts: KeyFacts): boolean {
  if (!Array.isArray(value)) return false;
  const architecture = architectureOf(facts);
  const pattern = architecture === "gemma2" || architecture === "gemma3" ? patterns[architecture] : undefined;
  if (pattern === undefined) return isOneOf(facts, ...silu) && value.some((type) => type !== "full_attention");
  return value.some((type, layer) => (type === "full_attention") !== ((layer + 1) % pattern === 0));
}

/** llama.cpp computes the scale of Gemma's queries from other dimensions, by the number of layers. */
function otherQueryScale(value: Json | undefined, facts: KeyFacts): boolean {
  const { num_hidden_layers: layers, hidden_size: hidden, num_attention_heads: heads, head_dim = 256 } = facts.object;
  if (typeof value !== "number" || !isOneOf(facts, ...gelu)) return false;
  const isLargest = layers === (architectureOf(facts) === "gemma2" ? 46 : 62);
  return value !== (isLargest ? Number(hidden) / Number(heads) : head_dim);
}

function isShortWindow(value: Json | undefined, facts: KeyFacts): boolean {
  const context = facts.object.max_position_embeddings;
  const hasWindow = ["mistral", "mixtral", "phi3"].includes(String(facts.object.model_type));
  return hasWindow && typeof value === "number" && !(typeof context === "number" && value >= context);
}

const dynamic: LostKey = {
  when: '"dynamic"',
  effect: "llama.cpp has no scaling that grows with the text, so texts beyond the trained context give other results",
  differs: (value) => value === "dynamic",
};
const scale = forArchitectures(
  silu,
  unless([], "the converter does not read it, so the scale of attention differs beyond the original context"),
);
const rope = ["rope_scaling", "rope_parameters"];
const ropeRead = [
  ...["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings", "rope_theta"],
  ...["long_factor", "short_factor", "attention_factor", "attn_factor", "extrapolation_factor"],
  ...["beta_fast", "beta_slow", "partial_rotary_factor", "mrope_section", "full_attention", "sliding_attention"],
];

export const configKeys: FileKeys = {
  file: "config.json",
  read: [
    ...["architectures", "model_type", "text_config", "vision_config", "audio_config", "quantization_config"],
    ...["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"],
    ...["num_key_value_heads", "head_dim", "max_position_embeddings", "original_max_position_embeddings"],
    ...["rms_norm_eps", "layer_norm_eps", "rope_parameters"],
    ...["rope_local_base_freq", "final_logit_softcapping", "attn_logit_softcapping", "is_causal"],
    ...["num_local_experts", "num_experts", "num_experts_per_tok", "moe_intermediate_size", "n_group", "topk_group"],
    ...["shared_expert_intermediate_size", "tie_word_embeddings", "dtype", "torch_dtype", "tokenizer_class"],
    ...["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map((role) => `${role}_token_id`),
    ...rope.flatMap((key) => ropeRead.map((name) => `${key}.${name}`)),
  ],
  withoutEffect: [
    // Records of the library that wrote the file.
    ...["_name_or_path", "_commit_hash", "transformers_version", "auto_map", "task_specific_params", "finetuning_task"],
    ...["transformers.js_config", "unsloth_version", "unsloth_fixed", "model_name", "base_model_name_or_path"],
    // Training.
    ...["initializer_range", "attention_dropout", "embd_pdrop", "resid_pdrop", "hidden_dropout", "attn_pdrop"],
    ...["router_aux_loss_coef", "router_jitter_noise", "gradient_checkpointing", "tf_legacy_loss", "summary_type"],
    ...["num_labels", "id2label", "label2id", "problem_type", "pretraining_tp"],
    // How transformers runs the model and returns its results.
    ...["use_cache", "output_attentions", "output_hidden_states", "output_router_logits", "return_dict"],
    ...["use_return_dict", "torchscript", "use_bfloat16", "pruned_heads", "chunk_size_feed_forward"],
    ...["is_encoder_decoder", "is_decoder", "add_cross_attention", "cross_attention_hidden_size", "prefix"],
    ...["tie_encoder_decoder", "_attn_implementation", "attn_implementation", "cache_implementation"],
    ...["_attn_implementation_autoset", "attention_implementation", "use_flash_attn", "num_logits_to_keep"],
    "mamba_ssm_dtype",
    // What the tensors themselves show.
    ...["attention_bias", "mlp_bias", "decoder_sparse_step", "mlp_only_layers", "use_qk_norm"],
    "mtp_use_dedicated_embeddings",
    // Read by transformers beside another key alone, which has its own rule.
    ...["max_window_layers", "rope_interleaved", "hidden_activations"],
    // Tokens of images, which the projector's file describes.
    ...["mm_tokens_per_image", "boi_token_index", "eoi_token_index", "image_token_index", "image_token_id"],
    // Defaults of generation, which transformers 5 reads in generation_config.json.
    ...["max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "temperature"],
    ...["diversity_penalty", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty"],
    ...["no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences"],
    ...["output_scores", "return_dict_in_generate", "forced_bos_token_id", "forced_eos_token_id", "suppress_tokens"],
    ...["remove_invalid_values", "exponential_decay_length_penalty", "begin_suppress_tokens"],
    "decoder_start_token_id",
  ],
  lost: {
    hidden_act: forArchitectures(silu, unless(["silu", "swish"], "llama.cpp computes this architecture with SiLU")),
    hidden_activation: forArchitectures(
      gelu,
      unless(["gelu_pytorch_tanh", "gelu_new", "gelu_fast"], "llama.cpp computes this architecture with tanh GELU"),
    ),
    attn_output_gate: forArchitectures(
      ["qwen3next", "qwen35", "qwen35moe"],
      unless([true], "llama.cpp computes this architecture with an output gate"),
    ),
    sliding_window: {
      when: "shorter than the context, for mistral, mixtral and phi3",
      effect: wholeContext,
      differs: isShortWindow,
    },
    use_sliding_window: forArchitectures(silu, unless([false], wholeContext)),
    layer_types: {
      when: `full attention not in every ${patterns.gemma2}nd layer of gemma2 or ${patterns.gemma3}th of gemma3, or a window in ${silu.join(", ")}`,
      effect: "llama.cpp knows the layers with a window by the architecture alone, and they are others",
      differs: otherLayerTypes,
    },
    sliding_window_pattern: forArchitectures(
      ["gemma3"],
      unless([6, 1], "llama.cpp computes every sixth layer with full attention"),
    ),
    _sliding_window_pattern: forArchitectures(
      ["gemma3"],
      unless([6], "llama.cpp computes every sixth layer with full attention"),
    ),
    query_pre_attn_scalar: {
      when: "not head_dim (for 27B models, not hidden_size / num_attention_heads), for gemma2 and gemma3",
      effect: "llama.cpp computes the scale of attention from other dimensions",
      differs: otherQueryScale,
    },
    use_bidirectional_attention: forArchitectures(
      gelu,
      unless([false], "llama.cpp computes this architecture with causal attention"),
    ),
    norm_topk_prob: {
      when: "false or missing, for qwen3moe",
      effect: "llama.cpp always normalizes the weights of the chosen experts",
      differs: (value, facts) => isOneOf(facts, "qwen3moe") && value !== true,
    },
    rope_scaling: otherScaling,
    rope_theta: otherInside("rope_theta"),
    partial_rotary_factor: otherInside("partial_rotary_factor"),
    ...Object.fromEntries(
      rope.flatMap((key) => [
        [`${key}.rope_type`, dynamic],
        [`${key}.type`, dynamic],
        [`${key}.mscale`, scale],
        [`${key}.mscale_all_dim`, scale],
        [`${key}.truncate`, forArchitectures(silu, unless([true], "llama.cpp rounds the bounds of YaRN"))],
      ]),
    ),
  },
};

/** Returns config.json with the language model's keys on the top level. */
export function mergedConfig(config: JsonObject): JsonObject {
  const { text_config: text } = config;
  return isObject(text) ? { ...config, ...(text as JsonObject) } : config;
}
