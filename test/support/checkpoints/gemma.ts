import type { RandomTensor } from "../../../bench/convert/random-checkpoint.js";
import { type Checkpoint, checkpoint } from "./checkpoint.js";
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

const scaled = {
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
};

/** The larger text model by itself, with the rope scaling of the long context. */
const text = checkpoint({
  name: "gemma-3-scaled",
  modelName: "gemma-3-4b-pt",
  outtype: "f16",
  config: scaled,
  traits: { ...traits, headNorms: true },
  files: 2,
  tokenizer: "tiny-llama",
});

/** The same as it is published: beside a vision tower, which is left out. */
const withTower: Checkpoint = {
  ...text,
  name: "gemma-3-vision",
  modelName: "gemma-3-4b-it",
  outtype: "bf16",
  config: {
    architectures: ["Gemma3ForConditionalGeneration"],
    boi_token_index: 5,
    eoi_token_index: 6,
    eos_token_id: [2, 4],
    image_token_index: 7,
    initializer_range: 0.02,
    mm_tokens_per_image: 256,
    model_type: "gemma3",
    text_config: { ...scaled, architectures: undefined, torch_dtype: undefined },
    torch_dtype: "bfloat16",
    transformers_version: "4.50.0.dev0",
    vision_config: {
      hidden_size: 64,
      image_size: 28,
      intermediate_size: 128,
      model_type: "siglip_vision_model",
      num_attention_heads: 4,
      num_hidden_layers: 1,
      patch_size: 14,
      vision_use_head: false,
    },
  },
  tensors: [
    ...text.tensors.map((tensor) => ({ ...tensor, name: `language_model.${tensor.name}` })),
    tower("multi_modal_projector.mm_input_projection_weight", 64, 96),
    tower("multi_modal_projector.mm_soft_emb_norm.weight", 64),
    tower("vision_tower.vision_model.embeddings.patch_embedding.weight", 64, 3, 14, 14),
    tower("vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.weight", 64, 64),
    tower("vision_tower.vision_model.post_layernorm.bias", 64),
  ],
};

function tower(name: string, ...shape: number[]): RandomTensor {
  return { name, shape, dtype: "BF16", around: 0 };
}

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
  text,
  withTower,
];
