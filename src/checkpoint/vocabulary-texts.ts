/** Texts of a GGUF file's vocabulary, and of tokenizers of other runtimes in it, by their keys in llama.cpp. */
const vocabularyKeys = new Set([
  "tokenizer.ggml.tokens",
  "tokenizer.ggml.merges",
  "tokenizer.ggml.precompiled_charsmap",
  "tokenizer.huggingface.json",
  "tokenizer.rwkv.world",
]);

/**
 * Returns true for the key of a vocabulary's texts or of a chat template: the model's answers depend on them, and they can
 * contain what looks like a path, such as the token `/usr/local/`.
 */
export function isVocabularyText(key: string): boolean {
  return vocabularyKeys.has(key) || /^tokenizer\.chat_template(?:\.|$)/.test(key);
}
