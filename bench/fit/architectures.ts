import type { GgufValue } from "../../src/gguf/gguf.js";

/** A model's shape, without its vocabulary: metadata keys without the architecture's prefix, tensors in ggml's order. */
export interface ModelShape {
  architecture: string;
  metadata: Readonly<Record<string, GgufValue>>;
  tensors: readonly { name: string; shape: readonly number[] }[];
}

/** Sizes common to the architectures. */
export interface ModelSize {
  /** Multiples of 256, the block size of K-quants. */
  width: number;
  layers: number;
  feedForward: number;
  heads: number;
  vocabulary: number;
  trainedContext: number;
}

type Tensor = { name: string; shape: readonly number[] };
type Build = (size: ModelSize) => { metadata: Readonly<Record<string, GgufValue>>; tensors: readonly Tensor[] };

const u32 = (value: number): GgufValue => ({ type: "uint32", value });
const u32s = (items: readonly number[]): GgufValue => ({ type: "array", itemType: "uint32", items });
const f32 = (value: number): GgufValue => ({ type: "float32", value });
const each = <T>(count: number, make: (layer: number) => readonly T[]): T[] =>
  Array.from({ length: count }, (_, layer) => make(layer)).flat();

/** A tensor of one layer. */
const block = (layer: number, name: string, ...shape: number[]): Tensor => ({ name: `blk.${layer}.${name}`, shape });

const common = ({ width, layers, feedForward, heads, trainedContext, vocabulary }: ModelSize) => ({
  block_count: u32(layers),
  context_length: u32(trainedContext),
  embedding_length: u32(width),
  feed_forward_length: u32(feedForward),
  "attention.head_count": u32(heads),
  "attention.layer_norm_rms_epsilon": f32(1e-5),
  vocab_size: u32(vocabulary),
});

const embedding = ({ width, vocabulary }: ModelSize): Tensor[] => [
  { name: "token_embd.weight", shape: [width, vocabulary] },
  { name: "output_norm.weight", shape: [width] },
];
const output = ({ width, vocabulary }: ModelSize): Tensor => ({ name: "output.weight", shape: [width, vocabulary] });

const attention = (i: number, width: number, heads: number, kvHeads: number, head: number) => [
  block(i, "attn_norm.weight", width),
  block(i, "attn_q.weight", width, heads * head),
  block(i, "attn_k.weight", width, kvHeads * head),
  block(i, "attn_v.weight", width, kvHeads * head),
  block(i, "attn_output.weight", heads * head, width),
];
const headNorms = (i: number, head: number) => [
  block(i, "attn_q_norm.weight", head),
  block(i, "attn_k_norm.weight", head),
];
const dense = (i: number, width: number, inner: number) => [
  block(i, "ffn_norm.weight", width),
  block(i, "ffn_gate.weight", width, inner),
  block(i, "ffn_up.weight", width, inner),
  block(i, "ffn_down.weight", inner, width),
];
const experts = (i: number, width: number, inner: number, count: number) => [
  block(i, "ffn_norm.weight", width),
  block(i, "ffn_gate_inp.weight", width, count),
  block(i, "ffn_gate_exps.weight", width, inner, count),
  block(i, "ffn_up_exps.weight", width, inner, count),
  block(i, "ffn_down_exps.weight", inner, width, count),
];
const mamba2 = (i: number, width: number, state: number) => {
  const inner = 2 * width;
  const steps = inner / 64;
  return [
    block(i, "attn_norm.weight", width),
    block(i, "ssm_in.weight", width, 2 * inner + 2 * state + steps),
    block(i, "ssm_conv1d.weight", 4, inner + 2 * state),
    block(i, "ssm_conv1d.bias", inner + 2 * state),
    block(i, "ssm_dt.bias", steps),
    block(i, "ssm_a", 1, steps),
    block(i, "ssm_d", 1, steps),
    block(i, "ssm_norm.weight", inner, 1),
    block(i, "ssm_out.weight", inner, width),
  ];
};
const mamba2Keys = (width: number, state: number) => ({
  "ssm.conv_kernel": u32(4),
  "ssm.inner_size": u32(2 * width),
  "ssm.state_size": u32(state),
  "ssm.time_step_rank": u32((2 * width) / 64),
  "ssm.group_count": u32(1),
});

/** One architecture for each kind of memory in llama.cpp. */
const builds = {
  /** Grouped queries; the output matrix is not the embedding. */
  llama: (size) => ({
    metadata: {
      ...common(size),
      "attention.head_count_kv": u32(size.heads / 4),
      "rope.dimension_count": u32(size.width / size.heads),
    },
    tensors: [
      ...embedding(size),
      output(size),
      ...each(size.layers, (i) => [
        ...attention(i, size.width, size.heads, size.heads / 4, size.width / size.heads),
        ...dense(i, size.width, size.feedForward),
      ]),
    ],
  }),
  /** Five of six layers use a sliding window; tied embeddings. */
  gemma3: (size) => {
    const head = 128;
    return {
      metadata: {
        ...common(size),
        "attention.head_count_kv": u32(1),
        "attention.key_length": u32(head),
        "attention.value_length": u32(head),
        "attention.sliding_window": u32(512),
      },
      tensors: [
        ...embedding(size),
        ...each(size.layers, (i) => [
          ...attention(i, size.width, size.heads, 1, head),
          ...headNorms(i, head),
          block(i, "post_attention_norm.weight", size.width),
          ...dense(i, size.width, size.feedForward),
          block(i, "post_ffw_norm.weight", size.width),
        ]),
      ],
    };
  },
  /** 16 experts, 4 per token. */
  qwen3moe: (size) => {
    const [count, inner, head] = [16, size.feedForward / 4, 64];
    return {
      metadata: {
        ...common(size),
        "attention.head_count_kv": u32(2),
        "attention.key_length": u32(head),
        "attention.value_length": u32(head),
        expert_count: u32(count),
        expert_used_count: u32(4),
        expert_feed_forward_length: u32(inner),
      },
      tensors: [
        ...embedding(size),
        output(size),
        ...each(size.layers, (i) => [
          ...attention(i, size.width, size.heads, 2, head),
          ...headNorms(i, head),
          ...experts(i, size.width, inner, count),
        ]),
      ],
    };
  },
  /** Latent attention (MLA), experts and a shared one; the first layer is dense. */
  deepseek2: (size) => {
    const [count, inner, rank, queryRank, rope, plain] = [8, size.feedForward / 4, 256, 256, 32, 64];
    return {
      metadata: {
        ...common(size),
        "attention.head_count_kv": u32(1),
        "attention.q_lora_rank": u32(queryRank),
        "attention.kv_lora_rank": u32(rank),
        "attention.key_length": u32(rank + rope),
        "attention.value_length": u32(rank),
        "attention.key_length_mla": u32(plain + rope),
        "attention.value_length_mla": u32(plain),
        "rope.dimension_count": u32(rope),
        leading_dense_block_count: u32(1),
        expert_count: u32(count),
        expert_used_count: u32(2),
        expert_shared_count: u32(1),
        expert_feed_forward_length: u32(inner),
      },
      tensors: [
        ...embedding(size),
        output(size),
        ...each(size.layers, (i) => [
          block(i, "attn_norm.weight", size.width),
          block(i, "attn_q_a_norm.weight", queryRank),
          block(i, "attn_kv_a_norm.weight", rank),
          block(i, "attn_q_a.weight", size.width, queryRank),
          block(i, "attn_q_b.weight", queryRank, size.heads * (plain + rope)),
          block(i, "attn_kv_a_mqa.weight", size.width, rank + rope),
          block(i, "attn_k_b.weight", plain, rank, size.heads),
          block(i, "attn_v_b.weight", rank, plain, size.heads),
          block(i, "attn_output.weight", size.heads * plain, size.width),
          ...(i === 0
            ? dense(i, size.width, size.feedForward)
            : [
                ...experts(i, size.width, inner, count),
                block(i, "ffn_gate_shexp.weight", size.width, inner),
                block(i, "ffn_up_shexp.weight", size.width, inner),
                block(i, "ffn_down_shexp.weight", inner, size.width),
              ]),
        ]),
      ],
    };
  },
  /** Recurrent layers only. */
  mamba2: (size) => ({
    metadata: { ...common(size), "attention.head_count": u32(0), ...mamba2Keys(size.width, 128) },
    tensors: [...embedding(size), output(size), ...each(size.layers, (i) => mamba2(i, size.width, 128))],
  }),
  /** Short convolutions with attention in every third layer; tied embeddings. */
  lfm2: (size) => {
    const kvHeads = Array.from({ length: size.layers }, (_, i) => (i % 3 === 2 ? 2 : 0));
    const head = size.width / size.heads;
    return {
      metadata: { ...common(size), "attention.head_count_kv": u32s(kvHeads), "shortconv.l_cache": u32(3) },
      tensors: [
        { name: "token_embd.weight", shape: [size.width, size.vocabulary] },
        { name: "token_embd_norm.weight", shape: [size.width] },
        ...each(size.layers, (i) => [
          ...(i % 3 === 2
            ? [...attention(i, size.width, size.heads, 2, head), ...headNorms(i, head)]
            : [
                block(i, "attn_norm.weight", size.width),
                block(i, "shortconv.conv.weight", 3, size.width),
                block(i, "shortconv.in_proj.weight", size.width, 3 * size.width),
                block(i, "shortconv.out_proj.weight", size.width, size.width),
              ]),
          ...dense(i, size.width, size.feedForward),
        ]),
      ],
    };
  },
  /** State-space layers with attention in every fourth. */
  granitehybrid: (size) => {
    const kvHeads = Array.from({ length: size.layers }, (_, i) => (i % 4 === 3 ? 2 : 0));
    return {
      metadata: { ...common(size), "attention.head_count_kv": u32s(kvHeads), ...mamba2Keys(size.width, 128) },
      tensors: [
        ...embedding(size),
        ...each(size.layers, (i) => [
          ...(i % 4 === 3
            ? attention(i, size.width, size.heads, 2, size.width / size.heads)
            : mamba2(i, size.width, 128)),
          ...dense(i, size.width, size.feedForward),
        ]),
      ],
    };
  },
} satisfies Record<string, Build>;

export type ArchitectureName = keyof typeof builds;
export const architectureNames = Object.keys(builds) as readonly ArchitectureName[];

/** Returns the tensors and hyperparameters of one architecture in the given size. */
export function modelShape(architecture: ArchitectureName, size: ModelSize): ModelShape {
  return { architecture, ...builds[architecture](size) };
}
