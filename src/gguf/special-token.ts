import type { Gguf } from "./gguf.js";
import { metadataNumber } from "./metadata.js";

/** Returns the text of the BOS or EOS token; undefined if the model has none. */
export function specialToken(gguf: Gguf, kind: "bos" | "eos"): string | undefined {
  const id = metadataNumber(gguf, `tokenizer.ggml.${kind}_token_id`);
  const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
  const text = id === undefined || tokens?.type !== "array" ? undefined : tokens.items[id];
  return typeof text === "string" ? text : undefined;
}
