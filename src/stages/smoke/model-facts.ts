import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";

/** `enum llama_pooling_type`: mean, CLS token, last token. Rank, 4, is for rerankers. */
const embeddingPoolings: readonly unknown[] = [1, 2, 3];

/** Returns true for an embedding model: its metadata contains a pooling type for token vectors. */
export function isEmbeddingModel(gguf: Gguf): boolean {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  return embeddingPoolings.includes(metadataNumber(gguf, `${architecture}.pooling_type`));
}

export function hasChatTemplate(gguf: Gguf): boolean {
  return metadataString(gguf, "tokenizer.chat_template") !== undefined;
}
