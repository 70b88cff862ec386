import type { HeaderPlan } from "./encode-header.js";
import type { Gguf, GgufValue } from "./gguf.js";
import { metadataNumber, metadataString } from "./metadata.js";

/**
 * The same model with a vocabulary of `count` nameless tokens, for simulations; there is no data for its tensors.
 * llama.cpp sets it up in the same way, but need not read hundreds of thousands of texts and merge rules.
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
    // Rows are counted by the second dimension; a vector's values, such as a bias, by the first.
    shape: /(^|\.)blk\./.test(name)
      ? shape
      : shape.map((size, i) => (size === tokens && (i > 0 || shape.length === 1) ? count : size)),
    type,
  }));
  return { metadata, tensors };
}

/** Entries of the vocabulary; 0 when the header tells none. */
export function tokenCount(gguf: Gguf): number {
  const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
  if (tokens?.type === "array") return tokens.items.length;
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const rows = gguf.tensors.find(({ name }) => name === "token_embd.weight")?.shape[1];
  return metadataNumber(gguf, `${architecture}.vocab_size`) ?? rows ?? 0;
}
