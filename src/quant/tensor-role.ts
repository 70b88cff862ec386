export interface TensorRole {
  /** What the tensor does, the same in every layer: "ffn_down", "attn_q", "token_embd", "output". */
  role: string;
  /** Counted from 0; null outside the layers. */
  layer: number | null;
}

/** Reads llama.cpp's naming scheme: "blk.12.ffn_down.weight" is the role "ffn_down" in layer 12. */
export function tensorRole(name: string): TensorRole {
  const inLayer = /^(.*?)blk\.(\d+)\.(.+)$/.exec(name);
  const role = `${inLayer?.[1] ?? ""}${inLayer?.[3] ?? name}`.replace(/\.weight$/, "");
  return { role, layer: inLayer === null ? null : Number(inLayer[2]) };
}
