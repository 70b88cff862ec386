import { chatTemplate } from "../../corpus/chat.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";

/** What a model computes: texts, vectors, or the relevance of a document for a query. */
export type ModelKind = "text" | "embedding" | "reranker";

/** `enum llama_pooling_type`: mean, CLS token, last token; rank. */
const poolings: readonly (ModelKind | undefined)[] = [undefined, "embedding", "embedding", "embedding", "reranker"];

/** Returns the kind of a model by its pooling type. */
export function modelKind(gguf: Pick<Gguf, "metadata">): ModelKind {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  return poolings[metadataNumber(gguf, `${architecture}.pooling_type`) ?? 0] ?? "text";
}

export function hasChatTemplate(gguf: Gguf): boolean {
  return chatTemplate(gguf) !== undefined;
}
