import { isObject } from "../../checkpoint/parse-python-json.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { allTokens, loadFastTokenizer } from "./fast-tokenizer.js";
import { addSpecialVocabulary } from "./special-vocabulary.js";
import { tokenTypes, type VocabularyEntries } from "./vocabulary-entries.js";
import { brokenTokenizer } from "./vocabulary-errors.js";
import type { VocabularySources } from "./vocabulary-sources.js";

/** Returns true for a SentencePiece BPE with byte fallback, as in Llama 2, false for a byte-level BPE. */
export function isLlamaHf(tokenizer: JsonObject): boolean {
  const { model, decoder } = tokenizer;
  if (!isObject(model) || model.type !== "BPE" || !model.byte_fallback) return false;
  return isObject(decoder) && decoder.type === "Sequence";
}

/**
 * Adds the vocabulary of a Llama 2 tokenizer.json like `_set_vocab_llama_hf` in conversion/base.py: all scores are -1000,
 * since the file contains none, and nothing is padded. Throws QS-CONVERT-TOKENIZER.
 */
export async function addLlamaHfVocabulary(
  entries: VocabularyEntries,
  sources: VocabularySources,
  json: JsonObject,
): Promise<void> {
  const tokenizer = loadFastTokenizer(json, sources.files);
  const known = allTokens(tokenizer);
  const base = tokenizer.vocabulary.size;
  const tokens: string[] = [];
  const types: number[] = [];
  for (let id = 0; id < base; id++) {
    const text = known.get(id);
    if (text === undefined) throw brokenTokenizer("tokenizer.json", `its vocabulary lacks a token with the id ${id}`);
    tokens.push(text);
    const byte = /^<0x[0-9A-Fa-f]{2}>$/.test(text);
    const special = tokenizer.special.has(text);
    types.push(byte ? tokenTypes.byte : special ? tokenTypes.control : tokenTypes.normal);
  }
  for (const { id, content } of tokenizer.added) {
    if (id < base) continue;
    if (id !== tokens.length)
      throw brokenTokenizer("tokenizer.json", `there is a gap in the ids before ${quote(content)} with id ${id}`);
    tokens.push(content);
    types.push(tokenizer.special.has(content) ? tokenTypes.control : tokenTypes.userDefined);
  }
  entries.text("tokenizer.ggml.model", "llama");
  entries.text("tokenizer.ggml.pre", "default");
  entries.texts("tokenizer.ggml.tokens", tokens);
  const scores = tokens.map(() => -1000);
  entries.float32s("tokenizer.ggml.scores", scores);
  entries.int32s("tokenizer.ggml.token_type", types);
  await addSpecialVocabulary(entries, sources, { tokens: tokens.length });
}
