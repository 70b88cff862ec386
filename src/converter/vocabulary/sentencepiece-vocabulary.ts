import { isObject } from "../../checkpoint/parse-python-json.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { looksSpecial } from "./looks-special.js";
import { type Piece, readPieces } from "./sentencepiece-model.js";
import { addSpecialVocabulary } from "./special-vocabulary.js";
import { listMember, objectMember, objects, readBytes } from "./tokenizer-files.js";
import { tokenTypes, type VocabularyEntries } from "./vocabulary-entries.js";
import { brokenTokenizer, missingTokenizer } from "./vocabulary-errors.js";
import type { VocabularySources } from "./vocabulary-sources.js";

/** Treatment of added tokens: `usual` (`_create_vocab_sentencepiece` in conversion/base.py) or that of Phi-3. */
export type AddedStyle = "usual" | "phi3";

/**
 * Adds the SentencePiece vocabulary of tokenizer.model, padded to the rows of the model's embedding. Tokens of
 * added_tokens.json and tokenizer_config.json replace its pieces, for Phi-3 also those of tokenizer.json.
 * Throws QS-CONVERT-TOKENIZER.
 */
export async function addSentencePieceVocabulary(
  entries: VocabularyEntries,
  sources: VocabularySources,
  style: AddedStyle,
): Promise<void> {
  const bytes = await readBytes(sources.folder, "tokenizer.model");
  if (bytes === undefined) throw missingTokenizer("tokenizer.model");
  const pieces = readPieces(bytes);
  if (style === "phi3" && pieces.length > sources.size) {
    throw brokenTokenizer(
      "tokenizer.model",
      `it has ${pieces.length} pieces, more than ${sources.size} in config.json (vocab_size)`,
    );
  }
  const vocabulary = new PaddedVocabulary(pieces, sources.size);
  addLegacy(vocabulary, sources.files.addedTokens ?? {});
  for (const [id, token] of configured(sources.files.tokenizerConfig)) {
    vocabulary.replace(id, token, style, "tokenizer_config.json");
  }
  const listed =
    style === "phi3" && sources.tokenizer ? listMember(sources.tokenizer, "added_tokens", "tokenizer.json") : [];
  for (const token of objects(listed ?? [], "added_tokens", "tokenizer.json")) {
    vocabulary.replace(Number(token.id), token, style, "tokenizer.json");
  }
  entries.text("tokenizer.ggml.model", "llama");
  entries.text("tokenizer.ggml.pre", "default");
  entries.texts("tokenizer.ggml.tokens", vocabulary.tokens);
  entries.float32s("tokenizer.ggml.scores", vocabulary.scores);
  entries.int32s("tokenizer.ggml.token_type", vocabulary.types);
  await addSpecialVocabulary(entries, sources, { tokens: sources.size });
}

const addedScore = -1000;

/** Skips pieces beyond the size; rows without a piece become `[PAD<id>]`. */
class PaddedVocabulary {
  readonly tokens: string[];
  readonly scores: number[];
  readonly types: number[];

  constructor(pieces: readonly Piece[], size: number) {
    const rows = Array.from({ length: size }, (_, id) => pieces[id]);
    this.tokens = rows.map((piece, id) => piece?.text ?? `[PAD${id}]`);
    this.scores = rows.map((piece) => piece?.score ?? -10_000);
    // The converter does not query user-defined pieces, and writes them as normal ones.
    this.types = rows.map(({ type } = { text: "", score: 0, type: tokenTypes.unused }) =>
      type === tokenTypes.userDefined ? tokenTypes.normal : type,
    );
  }

  set(id: number, text: string, type: number): void {
    this.tokens[id] = text;
    this.scores[id] = addedScore;
    this.types[id] = type;
  }

  replace(id: number, token: JsonObject, style: AddedStyle, file: string): void {
    const { content, special } = token;
    if (typeof content !== "string") throw brokenTokenizer(file, `the added token ${id} has no content`);
    if (!Number.isInteger(id) || id < 0) throw brokenTokenizer(file, `${quote(content)} has no id`);
    if (id >= this.tokens.length) {
      if (style === "usual") return;
      throw brokenTokenizer(
        file,
        `${quote(content)} has the id ${id}, beyond ${this.tokens.length} tokens in config.json (vocab_size)`,
      );
    }
    const control = Boolean(special) || (style === "usual" && looksSpecial(content));
    const text = control || style === "phi3" ? content : content.replaceAll("▁", " ");
    this.set(id, text, control ? tokenTypes.control : tokenTypes.userDefined);
  }
}

/** Adds the tokens of added_tokens.json, which maps texts to ids. */
function addLegacy(vocabulary: PaddedVocabulary, added: JsonObject): void {
  const taken = new Set<number>();
  for (const [text, id] of Object.entries(added)) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || taken.has(id)) {
      throw brokenTokenizer(
        "added_tokens.json",
        `the token ${quote(text)} has the invalid id ${quote(JSON.stringify(id))}`,
      );
    }
    taken.add(id);
    if (id < vocabulary.tokens.length) vocabulary.set(id, text, tokenTypes.userDefined);
  }
}

function configured(config: JsonObject | undefined): [number, JsonObject][] {
  const decoder = config && objectMember(config, "added_tokens_decoder", "tokenizer_config.json");
  return Object.entries(decoder ?? {}).map(([id, token]) => {
    if (/^\d{1,9}$/.test(id) && isObject(token)) return [Number(id), token as JsonObject];
    throw brokenTokenizer(
      "tokenizer_config.json",
      `the entry ${quote(id)} of added_tokens_decoder is not a token with an id`,
    );
  });
}
