import { choosePretokenizer, type PretokenizerChoice } from "./choose-pretokenizer.js";
import { tokenDecoder } from "./decode-token.js";
import { allTokens, type FastTokenizer, loadFastTokenizer } from "./fast-tokenizer.js";
import { looksSpecial } from "./looks-special.js";
import { readMerges } from "./merges.js";
import { addSpecialVocabulary } from "./special-vocabulary.js";
import { objectMember } from "./tokenizer-files.js";
import { tokenTypes, type VocabularyEntries } from "./vocabulary-entries.js";
import { brokenTokenizer, missingTokenizer } from "./vocabulary-errors.js";
import type { VocabularySources } from "./vocabulary-sources.js";

/**
 * Adds the byte-level BPE of tokenizer.json, padded to the rows of the model's embedding, like `_set_vocab_gpt2` in
 * conversion/base.py. Throws QS-CONVERT-TOKENIZER, QS-CONVERT-PRETOKENIZER.
 */
export async function addBpeVocabulary(
  entries: VocabularyEntries,
  sources: VocabularySources,
  choice: PretokenizerChoice,
): Promise<void> {
  const json = sources.tokenizer;
  if (json === undefined) throw missingTokenizer("tokenizer.json");
  const merges = readMerges(objectMember(json, "model", "tokenizer.json") ?? {});
  if (merges === undefined) throw brokenTokenizer("tokenizer.json", "it has no merges");
  const tokenizer = loadFastTokenizer(json, sources.files);
  const { tokens, types } = paddedTokens(tokenizer, sources.size);
  entries.text("tokenizer.ggml.model", "gpt2");
  entries.text("tokenizer.ggml.pre", await choosePretokenizer(tokenizer.json, choice));
  entries.texts("tokenizer.ggml.tokens", tokens);
  entries.int32s("tokenizer.ggml.token_type", types);
  entries.texts("tokenizer.ggml.merges", merges);
  await addSpecialVocabulary(entries, sources, { tokens: tokens.length });
}

/**
 * Returns tokens and their types by id; unused ids become `[PAD<id>]`. Added tokens beyond the embedding's rows are left
 * out: transformers reads such a model, too, as long as no text contains them. Throws QS-CONVERT-TOKENIZER.
 */
function paddedTokens(tokenizer: FastTokenizer, size: number): { tokens: string[]; types: number[] } {
  const known = allTokens(tokenizer);
  const highest = [...tokenizer.vocabulary.values()].reduce((most, id) => Math.max(most, id), -1);
  if (highest >= size) {
    const most = `${size} in config.json (vocab_size)`;
    throw brokenTokenizer("tokenizer.json", `its vocabulary has ${highest + 1} tokens, more than ${most}`);
  }
  const added = new Map(tokenizer.added.map((token) => [token.id, token]));
  const decode = added.size === 0 ? String : tokenDecoder(tokenizer.json, tokenizer.cleanUp);
  const tokens: string[] = [];
  const types: number[] = [];
  for (let id = 0; id < size; id++) {
    const token = added.get(id);
    const content = known.get(id);
    if (token === undefined) {
      tokens.push(content ?? `[PAD${id}]`);
      types.push(content === undefined ? tokenTypes.unused : tokenTypes.normal);
      continue;
    }
    // llama.cpp expects added tokens in normalized form.
    const text = token.normalized ? token.content : decode(token.content);
    const control = token.special || looksSpecial(text);
    tokens.push(control ? text : text.replaceAll("▁", " "));
    types.push(control ? tokenTypes.control : tokenTypes.userDefined);
  }
  return { tokens, types };
}
