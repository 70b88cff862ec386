import type { RandomTensor } from "../../../bench/convert/random-checkpoint.js";

/** The entries of a config.json that the tensors' shapes follow from; the rest is the family's. */
export interface DecoderConfig {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly intermediate_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly vocab_size: number;
  readonly head_dim?: number;
  readonly tie_word_embeddings?: boolean;
  readonly [key: string]: unknown;
}

/** How a family's checkpoints differ from Llama's. */
export interface DecoderTraits {
  dtype?: RandomTensor["dtype"];
  /** Biases of q, k and v. */
  bias?: boolean;
  /** Norms of q and k, per head. */
  headNorms?: boolean;
  /** One tensor for q, k and v, and one for gate and up. */
  fused?: boolean;
  /** Gemma has four norms in a layer, whose values lie around 0. */
  gemmaNorms?: boolean;
  /** Whether there is an `lm_head.weight`; without a word, as `tie_word_embeddings` says. */
  head?: boolean;
  /** The folder and the names of gate, down and up of each expert, and their number and width. */
  experts?: { block: string; names: readonly [string, string, string]; count: number; width: number };
}

/** Every tensor of a decoder's checkpoint as transformers names and orders them. */
export function decoderTensors(config: DecoderConfig, traits: DecoderTraits = {}): RandomTensor[] {
  const { hidden_size: hidden, vocab_size: vocabulary } = config;
  const dtype = traits.dtype ?? "BF16";
  const weight = (name: string, ...shape: number[]): RandomTensor => ({ name, shape, dtype, around: 0 });
  const norm = (name: string, size = hidden): RandomTensor => ({
    ...weight(`${name}.weight`, size),
    around: traits.gemmaNorms ? 0 : 1,
  });
  const layer = (prefix: string): RandomTensor[] => [
    ...attention(config, traits, prefix, weight, norm),
    ...feedForward(config, traits, prefix, weight),
    norm(`${prefix}.input_layernorm`),
    norm(`${prefix}.post_attention_layernorm`),
    ...(traits.gemmaNorms
      ? [norm(`${prefix}.pre_feedforward_layernorm`), norm(`${prefix}.post_feedforward_layernorm`)]
      : []),
  ];
  return [
    weight("model.embed_tokens.weight", vocabulary, hidden),
    ...Array.from({ length: config.num_hidden_layers }, (_, index) => layer(`model.layers.${index}`)).flat(),
    norm("model.norm"),
    ...((traits.head ?? !config.tie_word_embeddings) ? [weight("lm_head.weight", vocabulary, hidden)] : []),
  ];
}

type Weight = (name: string, ...shape: number[]) => RandomTensor;
type Norm = (name: string, size?: number) => RandomTensor;

function attention(
  config: DecoderConfig,
  traits: DecoderTraits,
  prefix: string,
  weight: Weight,
  norm: Norm,
): RandomTensor[] {
  const hidden = config.hidden_size;
  const headSize = config.head_dim ?? hidden / config.num_attention_heads;
  const query = config.num_attention_heads * headSize;
  const keyValue = config.num_key_value_heads * headSize;
  const block = `${prefix}.self_attn`;
  const output = weight(`${block}.o_proj.weight`, hidden, query);
  if (traits.fused) return [output, weight(`${block}.qkv_proj.weight`, query + 2 * keyValue, hidden)];
  const sizes = { q_proj: query, k_proj: keyValue, v_proj: keyValue };
  const projections = Object.entries(sizes).flatMap(([name, size]) => [
    weight(`${block}.${name}.weight`, size, hidden),
    ...(traits.bias ? [weight(`${block}.${name}.bias`, size)] : []),
  ]);
  const headNorms = traits.headNorms ? [norm(`${block}.q_norm`, headSize), norm(`${block}.k_norm`, headSize)] : [];
  return [...projections, output, ...headNorms];
}

function feedForward(config: DecoderConfig, traits: DecoderTraits, prefix: string, weight: Weight): RandomTensor[] {
  const { hidden_size: hidden, intermediate_size: width } = config;
  if (traits.fused) {
    return [
      weight(`${prefix}.mlp.gate_up_proj.weight`, 2 * width, hidden),
      weight(`${prefix}.mlp.down_proj.weight`, hidden, width),
    ];
  }
  const triple = (block: string, [gate, down, up]: readonly [string, string, string], size: number) => [
    weight(`${block}.${gate}.weight`, size, hidden),
    weight(`${block}.${down}.weight`, hidden, size),
    weight(`${block}.${up}.weight`, size, hidden),
  ];
  const { experts } = traits;
  if (experts === undefined) return triple(`${prefix}.mlp`, ["gate_proj", "down_proj", "up_proj"], width);
  const block = `${prefix}.${experts.block}`;
  const each = Array.from({ length: experts.count }, (_, index) =>
    triple(`${block}.experts.${index}`, experts.names, experts.width),
  );
  return [weight(`${block}.gate.weight`, experts.count, hidden), ...each.flat()];
}
