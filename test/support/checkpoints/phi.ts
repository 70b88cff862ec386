import { checkpoint } from "./checkpoint.js";
import type { DecoderConfig } from "./decoder-tensors.js";

const phi3 = {
  _name_or_path: "Phi-3-mini-4k-instruct",
  architectures: ["Phi3ForCausalLM"],
  attention_bias: false,
  attention_dropout: 0.0,
  auto_map: { AutoConfig: "configuration_phi3.Phi3Config", AutoModelForCausalLM: "modeling_phi3.Phi3ForCausalLM" },
  bos_token_id: 1,
  embd_pdrop: 0.0,
  eos_token_id: 32000,
  hidden_act: "silu",
  hidden_size: 96,
  initializer_range: 0.02,
  intermediate_size: 256,
  max_position_embeddings: 4096,
  model_type: "phi3",
  num_attention_heads: 4,
  num_hidden_layers: 2,
  num_key_value_heads: 4,
  original_max_position_embeddings: 4096,
  pad_token_id: 32000,
  resid_pdrop: 0.0,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 10000.0,
  sliding_window: 2047,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  transformers_version: "4.40.2",
  use_cache: true,
  vocab_size: 32064,
} satisfies DecoderConfig;

/** Beside what tokenizer_config.json says of them. */
const addedTokens = { "<|endoftext|>": 32000, "<|assistant|>": 32001, "<|system|>": 32006, "<|end|>": 32007 };

export const phiCheckpoints = [
  checkpoint({
    name: "phi-3",
    modelName: "Phi-3-mini-4k-instruct",
    baseModel: "microsoft/Phi-3-mini-4k-instruct",
    config: phi3,
    traits: { fused: true },
    files: 2,
    tokenizer: "phi-3",
    extra: { "added_tokens.json": addedTokens },
  }),
  checkpoint({
    name: "phi-3-longrope",
    modelName: "Phi-3-mini-128k-instruct",
    outtype: "f16",
    config: {
      ...phi3,
      max_position_embeddings: 131072,
      rope_scaling: {
        long_factor: Array.from({ length: 12 }, (_, index) => 1.07 * 1.5 ** index),
        short_factor: Array.from({ length: 12 }, (_, index) => 1 + 0.15 * index),
        type: "longrope",
      },
      sliding_window: 262144,
    },
    traits: { fused: true },
    tokenizer: "phi-3",
    extra: { "added_tokens.json": addedTokens },
  }),
  checkpoint({
    name: "phi-4-mini",
    modelName: "Phi-4-mini-instruct",
    // Its own tokenizer is BPE and comes with no vocabulary in llama.cpp's source.
    config: {
      ...phi3,
      bos_token_id: 1,
      eos_token_id: 2,
      pad_token_id: 2,
      max_position_embeddings: 131072,
      num_key_value_heads: 2,
      partial_rotary_factor: 0.75,
      rope_scaling: {
        long_factor: Array.from({ length: 9 }, (_, index) => 1 + 1.1 ** index),
        short_factor: Array.from({ length: 9 }, () => 1),
        type: "longrope",
      },
      sliding_window: 262144,
      tie_word_embeddings: true,
      vocab_size: 4160,
    },
    traits: { fused: true },
    tokenizer: "tiny-llama",
  }),
];
