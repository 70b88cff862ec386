import type { JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { formatValue } from "../native-errors.js";
import { mergedTokens } from "./merges.js";
import { listMember, objectMember } from "./tokenizer-files.js";
import { maxTokens } from "./vocabulary-entries.js";
import { brokenTokenizer, unsupportedTokenizer } from "./vocabulary-errors.js";

const file = "tokenizer.json";

/** Returns tokenizer.json's model, which must be a BPE. Throws QS-CONVERT-TOKENIZER. */
export function bpeModel(tokenizer: JsonObject): JsonObject {
  const model = objectMember(tokenizer, "model", file);
  if (model === undefined) throw brokenTokenizer(file, "it has no model");
  if (model.type !== "BPE") {
    throw unsupportedTokenizer(`supports tokenizer.json only of type BPE, found ${formatValue(model.type ?? null)}`);
  }
  for (const affix of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    if (model[affix]) throw unsupportedTokenizer(`does not support ${affix} in tokenizer.json`);
  }
  return model;
}

/** Returns the token ids of a BPE, without added tokens, and verifies ids and merges. Throws QS-CONVERT-TOKENIZER. */
export function bpeVocabulary(model: JsonObject): Map<string, number> {
  const vocabulary = objectMember(model, "vocab", file);
  if (vocabulary === undefined) throw brokenTokenizer(file, "its model has no vocab");
  const ids = new Map<string, number>();
  const tokens = new Map<number, string>();
  for (const [token, id] of Object.entries(vocabulary)) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= maxTokens) {
      throw brokenTokenizer(file, `the token ${quote(token)} has the invalid id ${quote(JSON.stringify(id))}`);
    }
    const other = tokens.get(id);
    if (other !== undefined) {
      throw unsupportedTokenizer(`requires unique token ids: ${quote(other)} and ${quote(token)} both have ${id}`);
    }
    ids.set(token, id);
    tokens.set(id, token);
  }
  for (const [at, item] of (listMember(model, "merges", file) ?? []).entries()) {
    // Early versions copied the first line of merges.txt, a version comment.
    if (typeof item === "string" && item.startsWith("#version")) continue;
    const [left, right] = mergedTokens(item, at);
    const unknown = [left, right, left + right].find((token) => !ids.has(token));
    if (unknown !== undefined) {
      throw brokenTokenizer(file, `merge ${at} names ${quote(unknown)}, which is not in the vocabulary`);
    }
  }
  return ids;
}
