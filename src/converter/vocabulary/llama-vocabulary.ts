import { addBpeVocabulary } from "./bpe-vocabulary.js";
import type { PretokenizerChoice } from "./choose-pretokenizer.js";
import { addLlamaHfVocabulary, isLlamaHf } from "./llama-hf-vocabulary.js";
import { addSentencePieceVocabulary } from "./sentencepiece-vocabulary.js";
import { addSpecialVocabulary } from "./special-vocabulary.js";
import { isFile } from "./tokenizer-files.js";
import type { VocabularyEntries } from "./vocabulary-entries.js";
import { brokenTokenizer, unsupportedTokenizer } from "./vocabulary-errors.js";
import type { VocabularySources } from "./vocabulary-sources.js";

/** Embedding rows by which the converter recognizes CodeLlama and Granite's small models. */
const codeLlamaSize = 32016;
const graniteSize = 49152;

/** CodeLlama's end-of-turn token; its other infill tokens no longer have a GGUF key. */
const codeLlama = { roles: ["prefix", "suffix", "middle", "eot"], known: [["eot", 32010]] as const };

/**
 * Adds the vocabulary of a Llama model, SentencePiece or Llama 3's byte-level BPE, chosen like LlamaModel's set_vocab in
 * conversion/llama.py. Throws QS-CONVERT-TOKENIZER, QS-CONVERT-PRETOKENIZER.
 */
export async function addLlamaVocabulary(
  entries: VocabularyEntries,
  sources: VocabularySources,
  choice: PretokenizerChoice,
): Promise<void> {
  const { folder, tokenizer, files } = sources;
  if (tokenizer === undefined && (await isFile(folder, "tekken.json"))) {
    throw unsupportedTokenizer("does not support tekken.json");
  }
  if (files.tokenizerConfig?.tokenizer_class === "HybridDNATokenizer") {
    throw unsupportedTokenizer("does not support the tokenizer class HybridDNATokenizer");
  }
  const prefix = files.tokenizerConfig?.add_prefix_space;
  if (prefix !== undefined && prefix !== null) {
    if (typeof prefix !== "boolean") {
      throw brokenTokenizer("tokenizer_config.json", "add_prefix_space is not true or false");
    }
    entries.flag("tokenizer.ggml.add_space_prefix", prefix);
  }
  if (await isFile(folder, "tokenizer.model")) await addSentencePieceVocabulary(entries, sources, "usual");
  else if (tokenizer !== undefined && isLlamaHf(tokenizer)) await addLlamaHfVocabulary(entries, sources, tokenizer);
  else await addBpeVocabulary(entries, sources, choice);

  if (sources.size === codeLlamaSize) await addSpecialVocabulary(entries, sources, codeLlama);
  if (sources.size === graniteSize) entries.flag("tokenizer.ggml.add_bos_token", false);
}
