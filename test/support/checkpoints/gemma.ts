import { checkpoint } from "./checkpoint.js";
import type { DecoderConfig } from "./decoder-tensors.js";

const gemma2 = {
  architectures: ["Gemma2ForCausalLM"],
  attention_bias: false,
  attn_logit_softcapping: 50.0,
  bos_token_id: 2,
  cache_implementation: "hybrid",
  eos_token_id: 1,
  final_logit_softcapping: 30.0,
  head_dim: 32,
  hidden_act: "gelu_pytorch_tanh",
  hidden_activation: "gelu_pytorch_tanh",
  hidden_size: 96,
  intermediate_size: 192,
  max_position_embeddings: 8192,
  model_type: "gemma2",
  num_attention_heads: 4,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  pad_token_id: 0,
  query_pre_attn_scalar: 32,
  rms_norm_eps: 1e-6,
  rope_theta: 10000.0,
  sliding_window: 4096,
  torch_dtype: "bfloat16",
  transformers_version: "4.42.0",
  // More rows than tokens, as in the real ones.
  vocab_size: 32000,
} satisfies DecoderConfig;

/** Without a head, though config.json does not say so. */
const traits = { gemmaNorms: true, head: false };

export const gemmaCheckpoints = [
  checkpoint({
    name: "gemma-2",
    modelName: "gemma-2-2b-it",
    baseModel: "google/gemma-2-2b-it",
    config: gemma2,
    traits,
    files: 2,
    tokenizer: "gemma",
  }),
  checkpoint({
    name: "gemma-3",
    modelName: "gemma-3-1b-it",
    config: {
      ...gemma2,
      architectures: ["Gemma3ForCausalLM"],
      attn_logit_softcapping: null,
      final_logit_softcapping: null,
      eos_token_id: [1, 6],
      model_type: "gemma3_text",
      max_position_embeddings: 32768,
      num_hidden_layers: 7,
      num_key_value_heads: 1,
      rope_local_base_freq: 10000,
      rope_scaling: null,
      rope_theta: 1000000,
      sliding_window: 512,
      sliding_window_pattern: 6,
    },
    traits: { ...traits, headNorms: true },
    tokenizer: "gemma",
  }),
  checkpoint({
    name: "gemma-3-scaled",
    modelName: "gemma-3-4b-pt",
    outtype: "f16",
    // The text model of a larger one, with the rope scaling of the long context.
    config: {
      ...gemma2,
      architectures: ["Gemma3ForCausalLM"],
      attn_logit_softcapping: null,
      final_logit_softcapping: null,
      model_type: "gemma3_text",
      max_position_embeddings: 131072,
      rope_local_base_freq: 10000.0,
      rope_scaling: { factor: 8.0, rope_type: "linear" },
      rope_theta: 1000000.0,
      sliding_window: 1024,
      sliding_window_pattern: 6,
      vocab_size: 4160,
      bos_token_id: 1,
      eos_token_id: 2,
    },
    traits: { ...traits, headNorms: true },
    files: 2,
    tokenizer: "tiny-llama",
  }),
];
