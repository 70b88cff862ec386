import type { GgufValue } from "../../gguf/gguf.js";
import type { Pretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { addBpeVocabulary } from "./bpe-vocabulary.js";
import type { PretokenizerChoice } from "./choose-pretokenizer.js";
import { addLlamaVocabulary } from "./llama-vocabulary.js";
import type { TokenizerContext } from "./run-tokenizer.js";
import { addSentencePieceVocabulary } from "./sentencepiece-vocabulary.js";
import { isFile } from "./tokenizer-files.js";
import { VocabularyEntries } from "./vocabulary-entries.js";
import { missingTokenizer } from "./vocabulary-errors.js";
import type { VocabularyKind } from "./vocabulary-kind.js";
import { readSources, type VocabularySources } from "./vocabulary-sources.js";

export interface VocabularyRequest {
  /** The model folder. */
  folder: string;
  kind: VocabularyKind;
  /** The model's configuration with the defaults of its type; `vocab_size` is read from it. */
  config: JsonObject;
  /** `auto`, or a name that overrides the detection by hash. */
  pretokenizer: string;
  known: Pretokenizers;
  /** For the process that runs the tokenizer. */
  context: TokenizerContext;
}

/**
 * Returns all `tokenizer.*` entries of a model's GGUF file, in the order and with the types of llama.cpp's converter.
 * Throws QS-CONVERT-TOKENIZER for files that are missing, damaged or supported only by that converter, and
 * QS-CONVERT-PRETOKENIZER.
 */
export async function readVocabulary(request: VocabularyRequest): Promise<[string, GgufValue][]> {
  const { folder, config, pretokenizer, known, kind, context } = request;
  const entries = new VocabularyEntries();
  const sources = await readSources(folder, config);
  await add[kind](entries, sources, { pretokenizer, known, context });
  return entries.list();
}

type AddVocabulary = (
  entries: VocabularyEntries,
  sources: VocabularySources,
  choice: PretokenizerChoice,
) => Promise<void>;

const add: Record<VocabularyKind, AddVocabulary> = {
  bpe: addBpeVocabulary,
  llama: addLlamaVocabulary,
  async qwen(entries, sources, choice) {
    if (await isFile(sources.folder, "tokenizer.model")) await addSentencePieceVocabulary(entries, sources, "usual");
    else await addBpeVocabulary(entries, sources, choice);
  },
  async gemma2(entries, sources) {
    await addSentencePieceVocabulary(entries, sources, "usual");
    entries.flag("tokenizer.ggml.add_space_prefix", false);
  },
  async gemma3(entries, sources, choice) {
    if (await isFile(sources.folder, "tokenizer.model")) await add.gemma2(entries, sources, choice);
    else await addBpeVocabulary(entries, sources, choice);
  },
  async phi3(entries, sources, choice) {
    const config = sources.files.tokenizerConfig;
    if (config?.tokenizer_class === "GPT2Tokenizer") return addBpeVocabulary(entries, sources, choice);
    if (config !== undefined && config.tokenizer_class === undefined) {
      throw missingTokenizer("tokenizer_class in tokenizer_config.json, which Phi models require");
    }
    await addSentencePieceVocabulary(entries, sources, "phi3");
  },
};
