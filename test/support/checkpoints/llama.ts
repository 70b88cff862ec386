import { checkpoint } from "./checkpoint.js";
import type { DecoderConfig } from "./decoder-tensors.js";

/** Tokens of the demo's vocabulary, of Llama 2's and of Llama 3's. */
const tinyLlama = 4096;
const llama2 = 32_000;
const llama3 = 128_256;

const llama = {
  architectures: ["LlamaForCausalLM"],
  attention_bias: false,
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: "silu",
  hidden_size: 64,
  initializer_range: 0.02,
  intermediate_size: 176,
  max_position_embeddings: 4096,
  model_type: "llama",
  num_attention_heads: 4,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  transformers_version: "4.40.0",
  use_cache: true,
  vocab_size: tinyLlama,
} satisfies DecoderConfig;

const llama3Scaling = (factor: number) => ({
  rope_scaling: {
    factor,
    low_freq_factor: 1.0,
    high_freq_factor: 4.0,
    original_max_position_embeddings: 8192,
    rope_type: "llama3",
  },
  rope_theta: 500000.0,
  max_position_embeddings: 131072,
  vocab_size: llama3,
  bos_token_id: 128000,
});

const llama3Template =
  "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}{% endfor %}";

/** One Llama with weights of each type, for each output type that changes them. */
function typed(name: string, dtype: "BF16" | "F16" | "F32", outtype: "bf16" | "f16" | "f32" | "auto") {
  const config: DecoderConfig = {
    ...llama,
    torch_dtype: { BF16: "bfloat16", F16: "float16", F32: "float32" }[dtype],
    num_key_value_heads: 4,
  };
  return checkpoint({ name, modelName: "Typed-1M", outtype, config, traits: { dtype }, tokenizer: "tiny-llama" });
}

/** Llama's own, and what others publish under its architecture. */
export const llamaCheckpoints = [
  checkpoint({
    name: "llama-2",
    modelName: "Llama-2-70b-chat",
    outtype: "f16",
    config: { ...llama, torch_dtype: "float16", _name_or_path: "meta-llama/Llama-2-70b-chat-hf", vocab_size: llama2 },
    traits: { dtype: "F16" },
    files: 2,
    tokenizer: "llama-spm",
    extra: { "generation_config.json": { do_sample: true, temperature: 0.6, top_p: 0.9, max_length: 4096 } },
  }),
  checkpoint({
    name: "llama-3.1",
    modelName: "Llama-3.1-8B-Instruct",
    baseModel: "meta-llama/Llama-3.1-8B-Instruct",
    config: { ...llama, ...llama3Scaling(8.0), mlp_bias: false, eos_token_id: [128001, 128008, 128009] },
    files: 3,
    tokenizer: "llama-bpe",
    tokenizerConfig: { eos_token: "<|eot_id|>", chat_template: llama3Template },
    extra: {
      "generation_config.json": { bos_token_id: 128000, do_sample: true, temperature: 0.6, top_p: 0.9, top_k: 40 },
      "README.md":
        "---\nlanguage: [en, de]\nlicense: llama3.1\nbase_model: meta-llama/Meta-Llama-3.1-8B\npipeline_tag: text-generation\ntags: [facebook, llama-3]\n---\n# Llama\n",
    },
  }),
  checkpoint({
    name: "llama-3.2",
    modelName: "Llama-3.2-1B",
    outtype: "auto",
    config: {
      ...llama,
      ...llama3Scaling(32.0),
      head_dim: 32,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      eos_token_id: 128001,
      tie_word_embeddings: true,
    },
    tokenizer: "llama-bpe",
    extra: { "chat_template.jinja": llama3Template },
  }),
  checkpoint({
    name: "deepseek-coder",
    modelName: "deepseek-coder-6.7b-base",
    config: {
      ...llama,
      bos_token_id: 32013,
      eos_token_id: 32014,
      max_position_embeddings: 16384,
      num_key_value_heads: 4,
      rms_norm_eps: 1e-6,
      rope_scaling: { factor: 4.0, type: "linear" },
      rope_theta: 100000,
      vocab_size: 32256,
    },
    files: 2,
    tokenizer: "deepseek-coder",
  }),
  checkpoint({
    name: "deepseek-coder-tuned",
    modelName: "deepseek-coder-tuned",
    // As tokenizers come that were saved by other tools: nothing but a text tells that a token is special.
    config: { ...llama, bos_token_id: 32013, eos_token_id: 32014, vocab_size: 32256 },
    tokenizer: "deepseek-coder",
    tokenizerConfig: { added_tokens_decoder: undefined, additional_special_tokens: ["õ"] },
  }),
  checkpoint({
    name: "smollm2",
    modelName: "SmolLM2-135M-Instruct",
    config: {
      ...llama,
      // As many rows as in the real one would fill the disk: 576 / 3, no multiple of 256 either.
      hidden_size: 192,
      intermediate_size: 512,
      num_attention_heads: 3,
      num_key_value_heads: 1,
      max_position_embeddings: 8192,
      rope_theta: 100000,
      tie_word_embeddings: true,
      vocab_size: 49152,
    },
    tokenizer: "starcoder",
    tokenizerConfig: { chat_template: "{% for message in messages %}{{ message['content'] }}{% endfor %}" },
  }),
  checkpoint({
    name: "mistral",
    modelName: "Mistral-7B-Instruct-v0.2",
    config: {
      ...llama,
      architectures: ["MistralForCausalLM"],
      model_type: "mistral",
      head_dim: 16,
      max_position_embeddings: 32768,
      rope_theta: 1000000.0,
      sliding_window: 4096,
      vocab_size: llama2,
    },
    files: 2,
    tokenizer: "llama-spm",
    tokenizerConfig: { additional_special_tokens: [], use_default_system_prompt: false },
  }),
  checkpoint({
    name: "mistral-fast",
    modelName: "Mistral-Tuned-7B",
    // As many fine-tuned models come: no tokenizer.model, and another template than the base model's.
    config: {
      ...llama,
      architectures: ["MistralForCausalLM"],
      model_type: "mistral",
      max_position_embeddings: 32768,
      sliding_window: null,
      vocab_size: llama2,
    },
    tokenizer: "llama-spm-fast",
    tokenizerConfig: { tokenizer_class: "LlamaTokenizerFast", chat_template: "{{ messages[0]['content'] }}" },
  }),
  checkpoint({
    name: "mixtral",
    modelName: "Mixtral-8x7B-Instruct-v0.1",
    baseModel: "mistralai/Mixtral-8x7B-Instruct-v0.1",
    outtype: "f16",
    config: {
      ...llama,
      architectures: ["MixtralForCausalLM"],
      model_type: "mixtral",
      num_experts_per_tok: 2,
      num_local_experts: 4,
      output_router_logits: false,
      rope_theta: 1000000.0,
      router_aux_loss_coef: 0.02,
      sliding_window: null,
    },
    traits: { experts: { block: "block_sparse_moe", names: ["w1", "w2", "w3"], count: 4, width: 176 } },
    files: 4,
    tokenizer: "tiny-llama",
    tokenizerConfig: {
      chat_template: [
        { name: "default", template: "{% for message in messages %}{{ message['content'] }}{% endfor %}" },
        { name: "tool_use", template: "{{ tools }}{% for message in messages %}{{ message['content'] }}{% endfor %}" },
      ],
    },
  }),
  checkpoint({
    name: "llama-3-tuned",
    modelName: "Llama-3-Tuned",
    // As transformers 5 writes it.
    config: {
      ...llama,
      dtype: "bfloat16",
      torch_dtype: undefined,
      rope_scaling: undefined,
      rope_parameters: { ...llama3Scaling(8.0).rope_scaling, rope_theta: 500000.0 },
      max_position_embeddings: 131072,
      transformers_version: "5.17.0",
    },
    tokenizer: "tiny-llama",
  }),
  checkpoint({
    name: "llama-tied-with-head",
    modelName: "Trained-1M",
    config: { ...llama, tie_word_embeddings: true, max_position_embeddings: 2048 },
    traits: { head: true },
    tokenizer: "tiny-llama",
  }),
  typed("llama-f32-to-bf16", "F32", "bf16"),
  typed("llama-f32-to-f16", "F32", "f16"),
  typed("llama-f32-auto", "F32", "auto"),
  typed("llama-bf16-to-f32", "BF16", "f32"),
  typed("llama-bf16-to-f16", "BF16", "f16"),
  typed("llama-f16-to-bf16", "F16", "bf16"),
];
