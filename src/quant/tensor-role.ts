export interface TensorRole {
  /** Function of the tensor, the same in every layer: "ffn_down", "attn_q", "token_embd", "output". */
  role: string;
  /** Zero-based; null outside the layers. */
  layer: number | null;
}

/** Parses a name of llama.cpp's scheme: "blk.12.ffn_down.weight" has the role "ffn_down" in layer 12. */
export function tensorRole(name: string): TensorRole {
  const inLayer = /^(.*?)blk\.(\d+)\.(.+)$/.exec(name);
  const role = `${inLayer?.[1] ?? ""}${inLayer?.[3] ?? name}`.replace(/\.weight$/, "");
  return { role, layer: inLayer === null ? null : Number(inLayer[2]) };
}
