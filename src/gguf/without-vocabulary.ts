import type { HeaderPlan } from "./encode-header.js";
import type { Gguf, GgufValue } from "./gguf.js";
import { metadataNumber, metadataString } from "./metadata.js";

/** Tokens that are left: llama.cpp wants some. */
const leftTokens = 32;

/**
 * The same model with a vocabulary of 32 nameless tokens: what llama.cpp needs for its layers alone. For simulations;
 * there is no data for its tensors.
 */
export function withoutVocabulary(gguf: Gguf): HeaderPlan {
  const tokens = tokenCount(gguf);
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const metadata = new Map<string, GgufValue>([
    ...[...gguf.metadata].filter(([key]) => !key.startsWith("tokenizer.")),
    ["tokenizer.ggml.model", { type: "string", value: "none" }],
    [`${architecture}.vocab_size`, { type: "uint32", value: leftTokens }],
  ]);
  const tensors = gguf.tensors.map(({ name, shape, type }) => ({
    name,
    // Rows are counted by the second dimension; a vector's values, such as a bias, by the first.
    shape: shape.map((size, i) => (size === tokens && (i > 0 || shape.length === 1) ? leftTokens : size)),
    type,
  }));
  return { metadata, tensors };
}

/** Entries of the vocabulary; 0 without one. */
export function tokenCount(gguf: Gguf): number {
  const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
  if (tokens?.type === "array") return tokens.items.length;
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  return metadataNumber(gguf, `${architecture}.vocab_size`) ?? 0;
}
