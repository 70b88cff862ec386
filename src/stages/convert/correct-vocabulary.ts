import { isObject } from "../../checkpoint/parse-python-json.js";
import { typeAdded } from "../../converter/vocabulary/added-types.js";
import { isLlamaHf } from "../../converter/vocabulary/llama-hf-vocabulary.js";
import { mergeScores } from "../../converter/vocabulary/merge-scores.js";
import { addsPrefixSpace } from "../../converter/vocabulary/prefix-space.js";
import { readSettings } from "../../converter/vocabulary/sentencepiece-model.js";
import { readBytes, readObject } from "../../converter/vocabulary/tokenizer-files.js";
import { brokenTokenizer } from "../../converter/vocabulary/vocabulary-errors.js";
import type { Gguf, GgufValue } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";

type Metadata = Pick<Gguf, "metadata">;

/** What a checkpoint's files say about a SentencePiece vocabulary. */
export interface TokenizerFacts {
  /** tokenizer.json. */
  tokenizer: JsonObject | undefined;
  /** tokenizer_config.json's `added_tokens_decoder`. */
  decoder: JsonObject | undefined;
  /** As `readSettings` returns them; empty for another format than SentencePiece's, undefined without tokenizer.model. */
  settings: JsonObject | undefined;
}

/**
 * Reads these facts for a converted file; undefined if its vocabulary is not merged by score. Throws QS-CONVERT-TOKENIZER.
 */
export async function readTokenizerFacts(gguf: Metadata, snapshot: string): Promise<TokenizerFacts | undefined> {
  if (metadataString(gguf, "tokenizer.ggml.model") !== "llama") return undefined;
  // Other files than JSON objects are left to the converter.
  const read = (name: string) => readObject(snapshot, name).catch(() => undefined);
  const decoder = (await read("tokenizer_config.json"))?.added_tokens_decoder;
  const model = await readBytes(snapshot, "tokenizer.model");
  return {
    tokenizer: await read("tokenizer.json"),
    decoder: isObject(decoder) ? (decoder as JsonObject) : undefined,
    settings: model && settingsOf(model),
  };
}

/** Returns the settings; another format of this name is left to llama.cpp's converter. */
function settingsOf(model: Buffer): JsonObject {
  try {
    return readSettings(model);
  } catch {
    return {};
  }
}

const keys = {
  tokens: "tokenizer.ggml.tokens",
  scores: "tokenizer.ggml.scores",
  types: "tokenizer.ggml.token_type",
  prefix: "tokenizer.ggml.add_space_prefix",
};

/**
 * Returns the entries of a converted vocabulary that differ from llama.cpp's converter, so that llama.cpp reads texts like
 * transformers: scores from the merges of tokenizer.json, where the converter writes a placeholder; types of added tokens;
 * and whether a text gets a space, where the converter does not say. Throws QS-CONVERT-TOKENIZER for scores that are no
 * numbers. Pure.
 */
export function correctedEntries(gguf: Metadata, facts: TokenizerFacts): [string, GgufValue][] {
  const { tokenizer, decoder, settings } = facts;
  const entries: [string, GgufValue][] = [];
  const scores = itemsOf(gguf, keys.scores);
  const tokens = itemsOf(gguf, keys.tokens).map(String);
  const wrong = scores.findIndex((score) => !Number.isFinite(score));
  if (wrong !== -1) {
    throw brokenTokenizer("tokenizer.model", `the score of piece ${wrong} is ${String(scores[wrong])}`);
  }
  const fast = fastModel(facts);
  if (fast !== undefined && scores.every((score) => score === placeholder)) {
    const merged = mergeScores(fast.model, fast.apart);
    const items = tokens.map((token) => merged.scores.get(token) ?? merged.lowest);
    entries.push([keys.scores, { type: "array", itemType: "float32", items }]);
  }
  const added = tokenizer?.added_tokens;
  const before = { tokens, types: itemsOf(gguf, keys.types).map(Number) };
  const after = typeAdded(before, Array.isArray(added) ? (added as readonly Json[]) : [], decoder);
  if (after.tokens.some((token, id) => token !== tokens[id])) {
    entries.push([keys.tokens, { type: "array", itemType: "string", items: after.tokens }]);
  }
  if (after.types.some((type, id) => type !== before.types[id])) {
    entries.push([keys.types, { type: "array", itemType: "int32", items: after.types }]);
  }
  const adds = tokenizer !== undefined && isLlamaHf(tokenizer) ? addsPrefixSpace(tokenizer) : dummyPrefix(settings);
  if (adds === false && !gguf.metadata.has(keys.prefix)) entries.push([keys.prefix, { type: "bool", value: false }]);
  return entries;
}

/** `add_dummy_prefix` of tokenizer.model. */
function dummyPrefix(settings: JsonObject | undefined): Json | undefined {
  const normalizer = settings?.normalizer_spec;
  return isObject(normalizer) ? (normalizer as JsonObject).add_dummy_prefix : undefined;
}

/** The score of every token of a tokenizer.json in llama.cpp's converter. */
const placeholder = -1000;

/** Returns the BPE of a checkpoint without tokenizer.model, with the texts of its added tokens. */
export function fastModel({
  tokenizer,
  settings,
}: TokenizerFacts): { model: JsonObject; apart: ReadonlySet<string> } | undefined {
  if (settings !== undefined || tokenizer === undefined || !isLlamaHf(tokenizer)) return undefined;
  const added = Array.isArray(tokenizer.added_tokens) ? (tokenizer.added_tokens as readonly Json[]) : [];
  const texts = added.flatMap((token) => (isObject(token) && typeof token.content === "string" ? [token.content] : []));
  return { model: tokenizer.model as JsonObject, apart: new Set(texts) };
}

/** Corrects the entries of a checkpoint's tokenizer before they are written. Throws QS-CONVERT-TOKENIZER. */
export async function correctVocabulary(tokenizer: [string, GgufValue][], snapshot: string): Promise<void> {
  const gguf = { metadata: new Map(tokenizer) };
  const facts = await readTokenizerFacts(gguf, snapshot);
  for (const [key, value] of facts === undefined ? [] : correctedEntries(gguf, facts)) {
    const at = tokenizer.findIndex(([name]) => name === key);
    tokenizer.splice(at === -1 ? tokenizer.length : at, at === -1 ? 0 : 1, [key, value]);
  }
}

function itemsOf({ metadata }: Metadata, key: string): readonly unknown[] {
  const value = metadata.get(key);
  return value?.type === "array" ? value.items : [];
}
