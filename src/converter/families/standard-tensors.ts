import type { Hyperparameters } from "../hyperparameters.js";
import { badConfig } from "../native-errors.js";
import type { TensorRule } from "./family.js";

/** Twice the layers that llama.cpp has room for. */
const maxLayers = 1024;
/** More than any model has in one dimension, and small enough that products of two are exact. */
const maxSize = 2 ** 26;
const maxHeadDim = 2 ** 16;
/** As many tensors as an index of weights may have. */
const maxTensors = 200_000;

/** Sizes that shapes are made of. */
export interface Sizes {
  layers: number;
  /** Width of the model. */
  hidden: number;
  /** Width of the feed-forward part. */
  inner: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
}

/** Throws QS-CONVERT-CONFIG when one is missing or absurd. */
export function readSizes(h: Hyperparameters): Sizes {
  const hidden = h.size("hidden_size", maxSize);
  const heads = h.size("num_attention_heads", maxSize);
  const headDim = h.integer(["head_dim"], maxHeadDim) ?? Math.floor(hidden / heads);
  if (headDim === 0) throw badConfig(`${heads} attention heads do not fit a hidden_size of ${hidden}`);
  const kvHeads = h.integer(["num_key_value_heads"], maxSize) ?? heads;
  if (kvHeads === 0 || heads % kvHeads !== 0) {
    throw badConfig(`${heads} attention heads cannot share ${kvHeads} key-value heads`);
  }
  return {
    layers: h.size("num_hidden_layers", maxLayers),
    hidden,
    inner: h.size("intermediate_size", maxSize),
    heads,
    kvHeads,
    headDim,
    vocabulary: h.size("vocab_size", maxSize),
  };
}

/** Experts of each layer. Throws QS-CONVERT-CONFIG when there are none, or more than an index of weights could name. */
export function readExperts(h: Hyperparameters, name: string, { layers }: Sizes): number {
  return h.size(name, Math.floor(maxTensors / 3 / layers));
}

/** The width of an expert. */
export function readExpertWidth(h: Hyperparameters, name: string): number {
  return h.size(name, maxSize);
}

/** Part of a rule; whatever is not said is as in most tensors. */
export type Rule = Pick<TensorRule, "gguf" | "shape"> & Partial<TensorRule> & { name: string };

/** Rules by name, for tensors that are required unless they say otherwise. */
export function ruleMap(rules: Iterable<Rule>): Map<string, TensorRule> {
  return new Map([...rules].map(({ name, ...rule }) => [name, { required: true, ...rule }]));
}

/** Embedding, last norm and output matrix. */
export function outerTensors(h: Hyperparameters, { vocabulary, hidden }: Sizes): Rule[] {
  return [
    { name: "model.embed_tokens.weight", gguf: "token_embd.weight", shape: [vocabulary, hidden] },
    { name: "model.norm.weight", gguf: "output_norm.weight", shape: [hidden] },
    // A tied matrix that was saved all the same is written, as llama.cpp's converter does.
    {
      ...{ name: "lm_head.weight", gguf: "output.weight", shape: [vocabulary, hidden] },
      required: !h.flag("tie_word_embeddings"),
    },
  ];
}

/** A matrix of one layer and its bias; `module` is its name in the checkpoint, `gguf` in the file. */
export function linear(
  layer: number,
  module: string,
  gguf: string,
  shape: readonly [number, number],
  options: { bias?: "required" | "optional"; heads?: number } = {},
): Rule[] {
  const { bias = "optional", heads } = options;
  const name = `model.layers.${layer}.${module}`;
  const rotary = heads === undefined ? {} : { heads };
  return [
    { name: `${name}.weight`, gguf: `blk.${layer}.${gguf}.weight`, shape, ...rotary },
    {
      ...{ name: `${name}.bias`, gguf: `blk.${layer}.${gguf}.bias`, shape: [shape[0]], ...rotary },
      required: bias === "required",
    },
  ];
}

/** The weight of a norm of one layer. */
export function norm(layer: number, module: string, gguf: string, size: number): Rule {
  return { name: `model.layers.${layer}.${module}.weight`, gguf: `blk.${layer}.${gguf}.weight`, shape: [size] };
}

/** Query, key, value and output matrix; `interleave` where llama.cpp orders the rotary pairs in its own way. */
export function attention(
  layer: number,
  sizes: Sizes,
  options: { interleave?: boolean; bias?: "required" | "optional" } = {},
): Rule[] {
  const { heads, kvHeads, headDim, hidden } = sizes;
  if (options.interleave && headDim % 2 !== 0) throw badConfig(`rotary embedding needs pairs, head_dim is ${headDim}`);
  const bias = options.bias === undefined ? {} : { bias: options.bias };
  const rotary = (count: number) => ({ ...bias, ...(options.interleave ? { heads: count } : {}) });
  return [
    ...linear(layer, "self_attn.q_proj", "attn_q", [heads * headDim, hidden], rotary(heads)),
    ...linear(layer, "self_attn.k_proj", "attn_k", [kvHeads * headDim, hidden], rotary(kvHeads)),
    ...linear(layer, "self_attn.v_proj", "attn_v", [kvHeads * headDim, hidden], bias),
    ...linear(layer, "self_attn.o_proj", "attn_output", [hidden, heads * headDim]),
  ];
}

/** The three matrices of a gated feed-forward part. */
export function feedForward(layer: number, { hidden, inner }: Sizes): Rule[] {
  return [
    ...linear(layer, "mlp.gate_proj", "ffn_gate", [inner, hidden]),
    ...linear(layer, "mlp.up_proj", "ffn_up", [inner, hidden]),
    ...linear(layer, "mlp.down_proj", "ffn_down", [hidden, inner]),
  ];
}

/** Router and experts. `modules` are the names of the gate, down and up matrices in the checkpoint. */
export function experts(
  layer: number,
  { hidden, inner }: Sizes,
  count: number,
  module: string,
  modules: { gate: string; down: string; up: string },
): Rule[] {
  const router = {
    ...{ name: `model.layers.${layer}.${module}.gate.weight`, gguf: `blk.${layer}.ffn_gate_inp.weight` },
    shape: [count, hidden],
  };
  const matrices = Object.entries(modules).flatMap(([kind, name]) =>
    Array.from({ length: count }, (_, index) => ({
      name: `model.layers.${layer}.${module}.experts.${index}.${name}.weight`,
      gguf: `blk.${layer}.ffn_${kind}_exps.weight`,
      shape: kind === "down" ? [hidden, inner] : [inner, hidden],
      expert: { layer, index },
    })),
  );
  return [router, ...matrices];
}

/** All rules of all layers. */
export function layers(count: number, rules: (layer: number) => Rule[]): Rule[] {
  return Array.from({ length: count }, (_, layer) => rules(layer)).flat();
}
