import { addChatTemplate, readChatTemplate } from "./chat-template.js";
import { addNormalizerFlags } from "./normalizer-flags.js";
import { addSpecialTokens, defaultRoles } from "./special-tokens.js";
import type { VocabularyEntries } from "./vocabulary-entries.js";
import type { VocabularySources } from "./vocabulary-sources.js";

interface SpecialChoice {
  /** Default: `defaultRoles`. */
  roles?: readonly string[];
  /** Ids from this number on are ignored. */
  tokens?: number;
  known?: readonly (readonly [role: string, id: number])[];
}

/**
 * Adds the entries of gguf-py's SpecialVocab except merges: special tokens, chat templates, normalizer flags.
 * Throws QS-CONVERT-TOKENIZER.
 */
export async function addSpecialVocabulary(
  entries: VocabularyEntries,
  { folder, files, tokenizer }: VocabularySources,
  { roles = defaultRoles, ...choice }: SpecialChoice = {},
): Promise<void> {
  const { tokenizerConfig, modelConfig } = files;
  addSpecialTokens(entries, { tokenizer, tokenizerConfig, modelConfig, roles, ...choice });
  const hasConfig = tokenizerConfig !== undefined && Object.keys(tokenizerConfig).length > 0;
  addChatTemplate(entries, hasConfig ? await readChatTemplate(folder, tokenizerConfig) : undefined);
  addNormalizerFlags(entries, tokenizer);
}
