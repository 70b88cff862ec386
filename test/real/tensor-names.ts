const outer: Readonly<Record<string, string>> = { token_embd: "embed_tokens", output_norm: "norm" };

const layer: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  attn_q_norm: "self_attn.q_norm",
  attn_k_norm: "self_attn.k_norm",
  post_attention_norm: "post_attention_layernorm",
  post_ffw_norm: "post_feedforward_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};

/** Returns the name in `transformers` of a tensor of `llama` or `gemma3`. Throws for an unknown one. */
export function hfName(name: string, architecture: string): string {
  const [, block, part = ""] = /^(?:blk\.(\d+)\.)?(\w+)\.weight$/.exec(name) ?? [];
  const norm = architecture === "gemma3" ? "pre_feedforward_layernorm" : "post_attention_layernorm";
  const known = block === undefined ? outer[part] : part === "ffn_norm" ? norm : layer[part];
  if (known === undefined) throw new Error(`unknown tensor ${name}`);
  return block === undefined ? `model.${known}.weight` : `model.layers.${block}.${known}.weight`;
}
