import type { GgufValue } from "../../src/gguf/gguf.js";
import type { ModelShape } from "../fit/architectures.js";

const u32 = (value: number): GgufValue => ({ type: "uint32", value });
const f32 = (value: number): GgufValue => ({ type: "float32", value });

interface Size {
  width: number;
  layers: number;
  heads: number;
  kvHeads: number;
  head: number;
  /** Of a dense block, or of one expert. */
  feedForward: number;
  vocabulary: number;
  /** Experts and those in use; absent for a dense model. */
  experts?: readonly [count: number, used: number];
}

/** Models by their config.json: Llama-3.1-8B, Qwen3-30B-A3B and Llama-3.3-70B. */
const sizes: Readonly<Record<string, Size>> = {
  "8B": { width: 4096, layers: 32, heads: 32, kvHeads: 8, head: 128, feedForward: 14_336, vocabulary: 128_256 },
  "30B-A3B": {
    ...{ width: 2048, layers: 48, heads: 32, kvHeads: 4, head: 128, feedForward: 768, vocabulary: 151_936 },
    experts: [128, 8],
  },
  "70B": { width: 8192, layers: 80, heads: 64, kvHeads: 8, head: 128, feedForward: 28_672, vocabulary: 128_256 },
};

/** The models of docs/gpu.md, by name. */
export const placedModels: readonly { name: string; shape: ModelShape; vocabulary: number }[] = Object.entries(
  sizes,
).map(([name, size]) => ({ name, shape: shapeOf(size), vocabulary: size.vocabulary }));

function shapeOf(size: Size): ModelShape {
  const { width, layers, heads, kvHeads, head, feedForward, vocabulary, experts } = size;
  return {
    architecture: experts === undefined ? "llama" : "qwen3moe",
    metadata: {
      block_count: u32(layers),
      context_length: u32(32_768),
      embedding_length: u32(width),
      feed_forward_length: u32(feedForward),
      "attention.head_count": u32(heads),
      "attention.head_count_kv": u32(kvHeads),
      "attention.key_length": u32(head),
      "attention.value_length": u32(head),
      "attention.layer_norm_rms_epsilon": f32(1e-5),
      vocab_size: u32(vocabulary),
      ...(experts === undefined
        ? { "rope.dimension_count": u32(head) }
        : {
            expert_count: u32(experts[0]),
            expert_used_count: u32(experts[1]),
            expert_feed_forward_length: u32(feedForward),
          }),
    },
    tensors: [
      { name: "token_embd.weight", shape: [width, vocabulary] },
      { name: "output_norm.weight", shape: [width] },
      { name: "output.weight", shape: [width, vocabulary] },
      ...Array.from({ length: layers }, (_, layer) => blockOf(layer, size)).flat(),
    ],
  };
}

function blockOf(layer: number, { width, heads, kvHeads, head, feedForward, experts }: Size): ModelShape["tensors"] {
  const tensor = (name: string, ...shape: number[]) => ({ name: `blk.${layer}.${name}.weight`, shape });
  const attention = [
    tensor("attn_norm", width),
    tensor("attn_q", width, heads * head),
    tensor("attn_k", width, kvHeads * head),
    tensor("attn_v", width, kvHeads * head),
    tensor("attn_output", heads * head, width),
    tensor("ffn_norm", width),
  ];
  if (experts === undefined) {
    return [
      ...attention,
      tensor("ffn_gate", width, feedForward),
      tensor("ffn_up", width, feedForward),
      tensor("ffn_down", feedForward, width),
    ];
  }
  const [count] = experts;
  return [
    ...attention,
    tensor("attn_q_norm", head),
    tensor("attn_k_norm", head),
    tensor("ffn_gate_inp", width, count),
    tensor("ffn_gate_exps", width, feedForward, count),
    tensor("ffn_up_exps", width, feedForward, count),
    tensor("ffn_down_exps", feedForward, width, count),
  ];
}
