import type { HeaderPlan } from "./encode-header.js";
import type { Gguf, GgufTensor, GgufValue } from "./gguf.js";
import { metadataNumber, metadataString } from "./metadata.js";

/**
 * Returns the header of the same model with a vocabulary of `count` unnamed tokens, for simulations. llama.cpp allocates
 * the same buffers for it, without parsing hundreds of thousands of tokens and merges.
 */
export function withPlaceholderTokens(gguf: Gguf, count: number): HeaderPlan {
  const tokens = tokenCount(gguf);
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const metadata = new Map<string, GgufValue>([
    ...[...gguf.metadata].filter(([key]) => !key.startsWith("tokenizer.")),
    ["tokenizer.ggml.model", { type: "string", value: "none" }],
    [`${architecture}.vocab_size`, { type: "uint32", value: count }],
  ]);
  const tensors = gguf.tensors.map(({ name, shape, type }) => ({
    name,
    // A matrix has its rows in the second dimension; a vector, such as a bias, has its values in the first.
    shape: /(^|\.)blk\./.test(name)
      ? shape
      : shape.map((size, i) => (size === tokens && (i > 0 || shape.length === 1) ? count : size)),
    type,
  }));
  return { metadata, tensors };
}

/** Number of vocabulary entries; 0 if the header does not contain it. */
export function tokenCount(
  gguf: Pick<Gguf, "metadata"> & { readonly tensors: readonly Pick<GgufTensor, "name" | "shape">[] },
): number {
  const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
  if (tokens?.type === "array") return tokens.items.length;
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const rows = gguf.tensors.find(({ name }) => name === "token_embd.weight")?.shape[1];
  return metadataNumber(gguf, `${architecture}.vocab_size`) ?? rows ?? 0;
}
