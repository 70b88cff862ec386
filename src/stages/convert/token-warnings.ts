import { isObject } from "../../checkpoint/parse-python-json.js";
import { tokenTypes } from "../../converter/vocabulary/vocabulary-entries.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { quote, quoteList } from "../../util/quote.js";
import type { Warning } from "../../util/warnings.js";

type Metadata = Pick<Gguf, "metadata">;

/** An added token of a tokenizer's file. */
export interface AddedToken {
  id: number;
  content: string;
  special?: boolean;
}

/** Names in a message. */
const maxNames = 5;

const differs = (message: string, remedy: string): Warning => ({ code: "QW-TOKENS-DIFFER", message, remedy });

export function listOf({ metadata }: Metadata, key: string): readonly unknown[] {
  const value = metadata.get(key);
  return value?.type === "array" ? value.items : [];
}

/** The converter normalizes the blanks of added tokens. */
export const withoutBlanks = (text: string) => text.replaceAll("▁", " ").trim();

export function nameTokens(texts: readonly string[]): string {
  const more = texts.length > maxNames ? ` and ${texts.length - maxNames} more` : "";
  return `${quoteList(texts.slice(0, maxNames), "and")}${more}`;
}

/**
 * Warns of a SentencePiece vocabulary without scores, by which llama.cpp merges pieces. The converter writes one if there
 * is only a tokenizer.json, whose merges it drops. Pure.
 */
export function missingScores(gguf: Metadata): Warning[] {
  const types = listOf(gguf, "tokenizer.ggml.token_type");
  const scores = listOf(gguf, "tokenizer.ggml.scores").filter((_, id) => types[id] === tokenTypes.normal);
  const isEqual = scores.length > 1 && scores.every((score) => score === scores[0]);
  if (metadataString(gguf, "tokenizer.ggml.model") !== "llama" || !isEqual) return [];
  return [
    differs(
      "the file's vocabulary has no scores, since the checkpoint has no tokenizer.model: llama.cpp splits texts into other tokens than transformers, and all answers and measurements suffer",
      "Copy tokenizer.model from the model's original repository, or from its base model, and convert again.",
    ),
  ];
}

/** Warns of special tokens of a tokenizer's file that the GGUF file contains as usual ones. Pure. */
export function plainTokens(gguf: Metadata, source: string, added: readonly AddedToken[]): Warning[] {
  const tokens = listOf(gguf, "tokenizer.ggml.tokens");
  const types = listOf(gguf, "tokenizer.ggml.token_type");
  const plain = added.filter(
    ({ id, content, special }) => special === true && tokens[id] === content && types[id] === tokenTypes.normal,
  );
  if (plain.length === 0) return [];
  const named = nameTokens(plain.map(({ content }) => content));
  return [
    differs(
      `${source} contains special tokens that are usual ones in the file, so llama.cpp splits them in prompts: ${named}`,
      "Add them to `added_tokens_decoder` in tokenizer_config.json, with `special: true`, and without a tokenizer.model also to `additional_special_tokens`.",
    ),
  ];
}

/** Warns of added tokens that the file contains with other ids. Pure. */
export function movedTokens(gguf: Metadata, source: string, moved: readonly AddedToken[]): Warning[] {
  if (moved.length === 0) return [];
  const tokens = listOf(gguf, "tokenizer.ggml.tokens");
  const named = moved
    .slice(0, maxNames)
    .map(({ id, content }) => `${quote(content)} (${id}, in the file ${tokens.indexOf(content)})`);
  const more = moved.length > maxNames ? ` and ${moved.length - maxNames} more` : "";
  return [
    differs(`${source} contains added tokens with other ids than the file: ${named.join(", ")}${more}`, oneTokenizer),
  ];
}

const oneTokenizer =
  "Use the tokenizer's files of one commit, that of the weights; remove tokenizer.model if tokenizer.json is right.";

/**
 * Warns of a tokenizer.json, which transformers reads, whose ids have other texts than those of tokenizer.model, which the
 * converter reads. `added` are the ids of added tokens, which have their own warnings. Pure.
 */
export function otherVocabulary(
  gguf: Metadata,
  tokenizer: JsonObject | undefined,
  added: ReadonlySet<number>,
): Warning[] {
  if (metadataString(gguf, "tokenizer.ggml.model") !== "llama" || !isObject(tokenizer?.model)) return [];
  const tokens = listOf(gguf, "tokenizer.ggml.tokens");
  const types = listOf(gguf, "tokenizer.ggml.token_type");
  const others = entriesOf(tokenizer.model.vocab).filter(([text, id]) => {
    const found = tokens[id];
    // transformers names some bytes by their characters.
    if (typeof found !== "string" || found === text || added.has(id) || types[id] === tokenTypes.byte) return false;
    return withoutBlanks(found) !== withoutBlanks(text);
  });
  const [first] = others;
  if (first === undefined) return [];
  const [text, id] = first;
  const count = others.length === 1 ? "an id has another text" : `${others.length} ids have other texts`;
  return [
    differs(
      `${count} in tokenizer.json than in the file, such as ${id}: ${quote(text)} and ${quote(String(tokens[id]))}`,
      oneTokenizer,
    ),
  ];
}

/** Returns the texts and ids of a BPE's vocabulary, an object, or of a Unigram's, a list of texts and scores. */
function entriesOf(vocabulary: unknown): [string, number][] {
  if (Array.isArray(vocabulary)) {
    return vocabulary.flatMap((each, id): [string, number][] =>
      Array.isArray(each) && typeof each[0] === "string" ? [[each[0], id]] : [],
    );
  }
  return isObject(vocabulary)
    ? Object.entries(vocabulary).filter((each): each is [string, number] => typeof each[1] === "number")
    : [];
}
