import { createHash } from "node:crypto";
import { Tokenizer } from "@huggingface/tokenizers";
import type { JsonObject } from "../../util/canonical-json.js";
import { runWithTimeout } from "../../util/run-with-timeout.js";
import { brokenTokenizer, unsupportedTokenizer } from "./vocabulary-errors.js";

/** A real tokenizer takes a second, of which most is for its vocabulary. */
const defaultLimitMs = 60_000;

/**
 * What llama.cpp's converter tells byte-level BPE tokenizers apart by: sha256 of the ids of a text, printed as a Python
 * list (`get_vocab_base_pre` in conversion/base.py). Throws QS-CONVERT-TOKENIZER.
 */
export function pretokenizerHash(tokenizer: JsonObject, checkText: string, limitMs = defaultLimitMs): string {
  let ids: number[] | undefined;
  try {
    // It brings its own regular expressions, and there are some that never end.
    ids = runWithTimeout(() => new Tokenizer(tokenizer, {}).encode(checkText).ids, limitMs)?.value;
  } catch (error) {
    throw brokenTokenizer(
      "tokenizer.json",
      `it cannot be used: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
  if (ids === undefined) throw unsupportedTokenizer("takes too long for the regular expressions of tokenizer.json");
  return createHash("sha256")
    .update(`[${ids.join(", ")}]`)
    .digest("hex");
}
