import { createHash } from "node:crypto";
import { Tokenizer } from "@huggingface/tokenizers";
import type { JsonObject } from "../../util/canonical-json.js";
import { runWithTimeout } from "../../util/run-with-timeout.js";
import { brokenTokenizer, unsupportedTokenizer } from "./vocabulary-errors.js";

/** A real tokenizer takes about a second. */
const defaultLimitMs = 60_000;

/**
 * Returns the hash by which llama.cpp's converter recognizes byte-level BPE tokenizers: sha256 of a text's ids, printed
 * as a Python list (`get_vocab_base_pre` in conversion/base.py). Throws QS-CONVERT-TOKENIZER.
 */
export function pretokenizerHash(tokenizer: JsonObject, checkText: string, limitMs = defaultLimitMs): string {
  let ids: number[] | undefined;
  try {
    // tokenizer.json contains regular expressions, and some never terminate.
    ids = runWithTimeout(() => new Tokenizer(tokenizer, {}).encode(checkText).ids, limitMs)?.value;
  } catch (error) {
    throw brokenTokenizer(
      "tokenizer.json",
      `the tokenizers library rejects it: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
  if (ids === undefined) throw unsupportedTokenizer("timed out on the regular expressions of tokenizer.json");
  return createHash("sha256")
    .update(`[${ids.join(", ")}]`)
    .digest("hex");
}
