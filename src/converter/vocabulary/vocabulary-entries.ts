import type { GgufValue } from "../../gguf/gguf.js";
import { ggufLimits } from "../../gguf/limits.js";
import { quote } from "../../util/quote.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

/** Token types of GGUF files, `enum llama_token_type`. SentencePiece uses the same numbers for its pieces. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Above any published model; llama.cpp allocates some hundred bytes per token. */
export const maxTokens = 2 ** 21;

/**
 * Metadata in the order of llama.cpp's converter: a key that is set again keeps its position; empty strings and lists are
 * omitted.
 */
export class VocabularyEntries {
  readonly #entries = new Map<string, GgufValue>();

  text(key: string, value: string): void {
    if (value !== "") this.#entries.set(key, { type: "string", value: wellFormed(value, key) });
  }

  flag(key: string, value: boolean): void {
    this.#entries.set(key, { type: "bool", value });
  }

  uint32(key: string, value: number): void {
    this.#entries.set(key, { type: "uint32", value });
  }

  texts(key: string, items: readonly string[]): void {
    this.#list(key, "string", items);
    for (const item of items) wellFormed(item, key);
  }

  int32s(key: string, items: readonly number[]): void {
    this.#list(key, "int32", items);
  }

  float32s(key: string, items: readonly number[]): void {
    this.#list(key, "float32", items);
  }

  list(): [string, GgufValue][] {
    return [...this.#entries];
  }

  #list(key: string, itemType: "string" | "int32" | "float32", items: readonly (string | number)[]): void {
    // GGUF readers, including ours, limit the sum of all lists; a quarter of it is enough for any list.
    if (items.length > ggufLimits.arrayItems / 4) {
      throw brokenTokenizer(
        "tokenizer.json",
        `${key} would have ${items.length} items, more than ${ggufLimits.arrayItems / 4}`,
      );
    }
    if (items.length > 0) this.#entries.set(key, { type: "array", itemType, items });
  }
}

/** JSON can contain half a surrogate pair, which UTF-8 cannot encode. */
function wellFormed(text: string, key: string): string {
  if (!/\p{Surrogate}/u.test(text)) return text;
  throw brokenTokenizer("the tokenizer", `an item of ${key} is not valid Unicode: ${quote(text)}`);
}
