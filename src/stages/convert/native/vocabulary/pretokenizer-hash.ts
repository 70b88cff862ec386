import { createHash } from "node:crypto";
import { Tokenizer } from "@huggingface/tokenizers";
import type { JsonObject } from "../../../../util/canonical-json.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

/**
 * What llama.cpp's converter tells byte-level BPE tokenizers apart by: sha256 of the ids of a text, printed as a Python
 * list (`get_vocab_base_pre` in conversion/base.py). Throws QS-CONVERT-TOKENIZER.
 */
export function pretokenizerHash(tokenizer: JsonObject, checkText: string): string {
  let ids: number[];
  try {
    ids = new Tokenizer(tokenizer, {}).encode(checkText).ids;
  } catch (error) {
    throw brokenTokenizer(
      "tokenizer.json",
      `it cannot be used: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
  return createHash("sha256")
    .update(`[${ids.join(", ")}]`)
    .digest("hex");
}
