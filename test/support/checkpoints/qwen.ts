import { checkpoint } from "./checkpoint.js";
import type { DecoderConfig } from "./decoder-tensors.js";

const qwen2 = {
  architectures: ["Qwen2ForCausalLM"],
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: 151645,
  hidden_act: "silu",
  hidden_size: 64,
  initializer_range: 0.02,
  intermediate_size: 160,
  max_position_embeddings: 32768,
  max_window_layers: 28,
  model_type: "qwen2",
  num_attention_heads: 4,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 131072,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  transformers_version: "4.41.2",
  use_cache: true,
  use_sliding_window: false,
  // The real ones have more rows than tokens.
  vocab_size: 151_936,
} satisfies DecoderConfig;

const qwen3 = { ...qwen2, architectures: ["Qwen3ForCausalLM"], model_type: "qwen3", head_dim: 32 };

const template =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}";

const sampling = {
  bos_token_id: 151643,
  do_sample: true,
  eos_token_id: [151645, 151643],
  pad_token_id: 151643,
  repetition_penalty: 1.05,
  temperature: 0.7,
  top_k: 20,
  top_p: 0.8,
};

export const qwenCheckpoints = [
  checkpoint({
    name: "qwen2",
    modelName: "Qwen2-7B-Instruct",
    baseModel: "Qwen/Qwen2-7B-Instruct",
    outtype: "f16",
    config: qwen2,
    traits: { bias: true },
    files: 2,
    tokenizer: "qwen2",
    tokenizerConfig: { eos_token: "<|im_end|>", chat_template: template },
    extra: { "generation_config.json": sampling },
  }),
  checkpoint({
    name: "qwen2.5",
    modelName: "Qwen2.5-0.5B",
    config: { ...qwen2, tie_word_embeddings: true },
    traits: { bias: true },
    tokenizer: "qwen2",
    tokenizerConfig: { chat_template: template },
  }),
  checkpoint({
    name: "qwen3",
    modelName: "Qwen3-0.6B",
    // As transformers 5 writes it.
    config: {
      ...qwen3,
      dtype: "bfloat16",
      layer_types: ["full_attention", "full_attention"],
      rope_parameters: { rope_theta: 1000000.0, rope_type: "default" },
      rope_theta: undefined,
      torch_dtype: undefined,
      sliding_window: null,
      tie_word_embeddings: true,
      transformers_version: "5.0.0",
    },
    traits: { headNorms: true },
    tokenizer: "qwen2",
    tokenizerConfig: { add_bos_token: false, eos_token: "<|im_end|>" },
    extra: { "chat_template.jinja": template, "generation_config.json": { ...sampling, min_p: 0.0 } },
  }),
  checkpoint({
    name: "qwen3-moe",
    modelName: "Qwen3-30B-A3B",
    config: {
      ...qwen3,
      architectures: ["Qwen3MoeForCausalLM"],
      model_type: "qwen3_moe",
      decoder_sparse_step: 1,
      mlp_only_layers: [],
      moe_intermediate_size: 48,
      norm_topk_prob: true,
      num_experts: 4,
      num_experts_per_tok: 2,
      output_router_logits: false,
      router_aux_loss_coef: 0.001,
      rope_scaling: null,
      sliding_window: null,
    },
    traits: {
      headNorms: true,
      experts: { block: "mlp", names: ["gate_proj", "down_proj", "up_proj"], count: 4, width: 48 },
    },
    files: 3,
    tokenizer: "qwen2",
    tokenizerConfig: { eos_token: "<|im_end|>", chat_template: template },
  }),
  checkpoint({
    name: "qwen2.5-yarn",
    modelName: "Qwen2.5-Long-7B",
    config: {
      ...qwen2,
      bos_token_id: 1,
      eos_token_id: 2,
      rope_scaling: { factor: 4.0, original_max_position_embeddings: 32768, type: "yarn" },
      vocab_size: 4096,
    },
    traits: { bias: true },
    tokenizer: "tiny-llama",
  }),
];
