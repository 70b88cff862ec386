import type { GgufTensor } from "../../gguf/gguf.js";
import { type TensorRole, tensorRole } from "../../quant/tensor-role.js";

export type TypedTensor = Pick<GgufTensor, "name" | "shape" | "type">;

/** A tensor with its place; tensors outside the layers span all of them. */
export type GridCell<T extends TypedTensor = TypedTensor> = T & TensorRole;

export interface TensorGrid<T extends TypedTensor = TypedTensor> {
  /** In the order of the forward pass. */
  roles: string[];
  layers: number;
  cells: GridCell<T>[];
}

/** Tensor roles in the order of the forward pass: llama.cpp's names without the layer. Prefixes match, too. */
const forwardPass = [
  ...["token_embd", "position_embd", "token_types", "per_layer_token_embd", "per_layer_model_proj"],
  ...["attn_qkv", "attn_q_a", "attn_q_b", "attn_q", "attn_kv_a_mqa", "attn_kv_b", "attn_k_b", "attn_k", "attn_v_b"],
  ...["attn_v", "attn_gate", "attn_output", "ssm_in", "ssm_conv1d", "ssm_x", "ssm_dt", "ssm_a", "ssm_out"],
  ...["time_mix", "ffn_gate_inp", "ffn_gate_up_exps", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"],
  ...["ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp", "ffn_gate", "ffn_up", "ffn_down", "channel_mix"],
];

/** Arranges a variant's matrices by role and layer. Omits norms and biases, which are never quantized. */
export function tensorGrid<T extends TypedTensor>(tensors: readonly T[]): TensorGrid<T> {
  const cells = tensors
    .filter(({ shape }) => shape.length > 1)
    .map((tensor) => ({ ...tensor, ...tensorRole(tensor.name) }));
  const layers = cells.reduce((most, { layer }) => Math.max(most, layer === null ? 0 : layer + 1), 0);
  const inLayers = new Set(cells.filter(({ layer }) => layer !== null).map(({ role }) => role));
  // Stable sort: roles of the same rank keep the file order.
  const roles = [...new Set(cells.map(({ role }) => role))].sort((a, b) => rank(a, inLayers) - rank(b, inLayers));
  return { roles, layers, cells };
}

/** Embeddings, layers, then output tensors; within each, unknown roles after known ones. */
function rank(role: string, inLayers: ReadonlySet<string>): number {
  const known = forwardPass.indexOf(role);
  if (inLayers.has(role)) return known === -1 ? 1000 : known;
  return known === -1 ? 2000 : known - 1000;
}
