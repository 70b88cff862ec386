import type { Json, JsonObject } from "../../util/canonical-json.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

const file = "tokenizer.json";

/**
 * Returns the merges of a BPE in GGUF form, two tokens separated by a space. tokenizer.json uses this form, or pairs of
 * tokens, whose spaces become `Ġ` here. Undefined without merges. Throws QS-CONVERT-TOKENIZER.
 */
export function readMerges(model: JsonObject): string[] | undefined {
  const merges = model.merges;
  if (merges === undefined || merges === null) return undefined;
  if (!Array.isArray(merges)) throw brokenTokenizer(file, "model.merges is not a list");
  const items = merges as readonly Json[];
  if (items.length === 0) return undefined;
  const pairs = typeof items[0] !== "string";
  return items.map((item, at) => {
    if (!pairs && typeof item === "string") return item;
    if (pairs && isPair(item)) return item.map((part) => part.replaceAll(" ", "Ġ")).join(" ");
    throw brokenTokenizer(file, `merge ${at} is neither a string nor a pair of strings like the others`);
  });
}

/** Returns the two tokens of a merge, as spelled in the vocabulary. Throws QS-CONVERT-TOKENIZER. */
export function mergedTokens(item: Json | undefined, at: number): readonly [string, string] {
  if (isPair(item)) return item;
  if (typeof item === "string") {
    const parts = item.split(" ");
    if (isPair(parts)) return parts;
  }
  throw brokenTokenizer(file, `merge ${at} does not name two tokens`);
}

function isPair(item: Json | undefined): item is readonly [string, string] {
  return Array.isArray(item) && item.length === 2 && item.every((part) => typeof part === "string" && part !== "");
}
