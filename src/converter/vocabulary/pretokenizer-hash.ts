import { createHash } from "node:crypto";
import type { Tokenizer } from "@huggingface/tokenizers";

/**
 * Returns the hash by which llama.cpp's converter recognizes byte-level BPE tokenizers: sha256 of a text's ids, printed
 * as a Python list (`get_vocab_base_pre` in conversion/base.py). Throws the library's errors.
 */
export function pretokenizerHash(tokenizer: Tokenizer, checkText: string): string {
  const { ids } = tokenizer.encode(checkText);
  return createHash("sha256")
    .update(`[${ids.join(", ")}]`)
    .digest("hex");
}
