import type { Hyperparameters } from "../hyperparameters.js";
import { badConfig } from "../native-errors.js";
import type { TensorRule } from "./family.js";

/** Twice llama.cpp's own limit. */
const maxLayers = 1024;
/** Above any published model's dimension; products of two such dimensions are exact. */
const maxSize = 2 ** 26;
const maxHeadDim = 2 ** 16;
/** Equals the limit of tensors in a weight index. */
const maxTensors = 200_000;

/** Dimensions from which tensor shapes are computed. */
export interface ModelDimensions {
  layers: number;
  /** Width of the model. */
  hidden: number;
  /** Width of the feed-forward block. */
  inner: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
}

/** Reads the dimensions from config.json. Throws QS-CONVERT-CONFIG for a missing or implausible one. */
export function readDimensions(h: Hyperparameters): ModelDimensions {
  const hidden = h.size("hidden_size", maxSize);
  const heads = h.size("num_attention_heads", maxSize);
  const headDim = h.integer(["head_dim"], maxHeadDim) ?? Math.floor(hidden / heads);
  if (headDim === 0) throw badConfig(`head_dim is 0 for num_attention_heads ${heads} and hidden_size ${hidden}`);
  const kvHeads = h.integer(["num_key_value_heads"], maxSize) ?? heads;
  if (kvHeads === 0 || heads % kvHeads !== 0) {
    throw badConfig(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`);
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

/** Returns the number of experts per layer. Throws QS-CONVERT-CONFIG for 0, or more than a weight index can list. */
export function readExperts(h: Hyperparameters, name: string, { layers }: ModelDimensions): number {
  return h.size(name, Math.floor(maxTensors / 3 / layers));
}

/** Returns the width of an expert's feed-forward block. */
export function readExpertWidth(h: Hyperparameters, name: string): number {
  return h.size(name, maxSize);
}

/** A rule with its tensor name; missing fields get their defaults in `ruleMap`. */
export type Rule = Pick<TensorRule, "gguf" | "shape"> & Partial<TensorRule> & { name: string };

/** Returns rules by tensor name; `required` defaults to true. */
export function ruleMap(rules: Iterable<Rule>): Map<string, TensorRule> {
  return new Map([...rules].map(({ name, ...rule }) => [name, { required: true, ...rule }]));
}

/** Returns the rules of embedding, final norm and output matrix. */
export function outerTensors(h: Hyperparameters, { vocabulary, hidden }: ModelDimensions): Rule[] {
  return [
    { name: "model.embed_tokens.weight", gguf: "token_embd.weight", shape: [vocabulary, hidden] },
    { name: "model.norm.weight", gguf: "output_norm.weight", shape: [hidden] },
    // llama.cpp's converter, too, writes a tied output matrix if the checkpoint contains one.
    {
      ...{ name: "lm_head.weight", gguf: "output.weight", shape: [vocabulary, hidden] },
      required: !h.flag("tie_word_embeddings"),
    },
  ];
}

/** Returns the rules of one layer's matrix and its bias; `module` is the checkpoint's name, `gguf` the GGUF name. */
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

/** Returns the rule of one layer's norm. */
export function norm(layer: number, module: string, gguf: string, size: number): Rule {
  return { name: `model.layers.${layer}.${module}.weight`, gguf: `blk.${layer}.${gguf}.weight`, shape: [size] };
}

/** Returns the rules of query, key, value and output matrix; `interleave` where llama.cpp interleaves rotary pairs. */
export function attention(
  layer: number,
  dimensions: ModelDimensions,
  options: { interleave?: boolean; bias?: "required" | "optional" } = {},
): Rule[] {
  const { heads, kvHeads, headDim, hidden } = dimensions;
  if (options.interleave && headDim % 2 !== 0)
    throw badConfig(`rotary embedding requires an even head_dim, but head_dim is ${headDim}`);
  const bias = options.bias === undefined ? {} : { bias: options.bias };
  const rotary = (count: number) => ({ ...bias, ...(options.interleave ? { heads: count } : {}) });
  return [
    ...linear(layer, "self_attn.q_proj", "attn_q", [heads * headDim, hidden], rotary(heads)),
    ...linear(layer, "self_attn.k_proj", "attn_k", [kvHeads * headDim, hidden], rotary(kvHeads)),
    ...linear(layer, "self_attn.v_proj", "attn_v", [kvHeads * headDim, hidden], bias),
    ...linear(layer, "self_attn.o_proj", "attn_output", [hidden, heads * headDim]),
  ];
}

/** Returns the rules of a gated feed-forward block's three matrices. */
export function feedForward(layer: number, { hidden, inner }: ModelDimensions): Rule[] {
  return [
    ...linear(layer, "mlp.gate_proj", "ffn_gate", [inner, hidden]),
    ...linear(layer, "mlp.up_proj", "ffn_up", [inner, hidden]),
    ...linear(layer, "mlp.down_proj", "ffn_down", [hidden, inner]),
  ];
}

/** Returns the rules of router and experts. `modules` names the gate, down and up matrices in the checkpoint. */
export function experts(
  layer: number,
  { hidden, inner }: ModelDimensions,
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

/** Returns the rules of all layers. */
export function layers(count: number, rules: (layer: number) => Rule[]): Rule[] {
  return Array.from({ length: count }, (_, layer) => rules(layer)).flat();
}
