import type { Json, JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { maxTokens } from "./vocabulary-entries.js";
import { brokenTokenizer, unsupportedTokenizer } from "./vocabulary-errors.js";

/** A token beside the model's vocabulary, as tokenizer.json has it but for its id. */
export interface AddedToken {
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

/** A token as transformers makes it of an object with some of its members. Throws QS-CONVERT-TOKENIZER. */
export function toAddedToken(value: JsonObject, file: string): AddedToken {
  const { content } = value;
  if (typeof content !== "string") throw brokenTokenizer(file, "an added token has no content");
  const flag = (key: string, otherwise: boolean) => {
    const told = value[key] ?? otherwise;
    if (typeof told === "boolean") return told;
    throw brokenTokenizer(file, `${key} of the added token ${quote(content)} is ${quote(JSON.stringify(told))}`);
  };
  const special = flag("special", false);
  return {
    content,
    single_word: flag("single_word", false),
    lstrip: flag("lstrip", false),
    rstrip: flag("rstrip", false),
    normalized: flag("normalized", !special),
    special,
  };
}

/** A token that is told by its text alone, in a role such as the beginning of a text. */
export function specialText(content: string): AddedToken {
  return { content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** Added tokens and their ids, which the library gives out itself: those of the vocabulary, else the next after all. */
export class AddedTokens {
  readonly #vocabulary: ReadonlyMap<string, number>;
  readonly #ids = new Map<string, number>();
  readonly #tokens = new Map<string, AddedToken>();
  #highest = -1;

  constructor(vocabulary: ReadonlyMap<string, number>) {
    this.#vocabulary = vocabulary;
  }

  has(content: string): boolean {
    return this.#tokens.has(content);
  }

  /** A token that is there already gets the new properties and keeps its id, which is returned. */
  add(token: AddedToken): number {
    if (token.content === "") throw unsupportedTokenizer("does not know added tokens without any text");
    const size = this.#vocabulary.size;
    const next = Math.max(size, this.#highest + 1);
    const id = this.#vocabulary.get(token.content) ?? this.#ids.get(token.content) ?? next;
    if (id >= maxTokens) throw brokenTokenizer("tokenizer.json", `it has over ${maxTokens} tokens`);
    this.#ids.set(token.content, id);
    this.#tokens.set(token.content, token);
    this.#highest = Math.max(this.#highest, id);
    return id;
  }

  /** With their ids, lowest first. */
  list(): (AddedToken & { id: number })[] {
    return [...this.#tokens.values()]
      .map((token) => ({ id: this.#ids.get(token.content) ?? 0, ...token }))
      .sort((a, b) => a.id - b.id);
  }

  /** Adds the tokens that tokenizer.json lists; the library would renumber those with other ids. Throws QS-CONVERT-TOKENIZER. */
  addListed(listed: readonly JsonObject[]): void {
    for (const value of listed) {
      const token = toAddedToken(value, "tokenizer.json");
      const told: Json | undefined = value.id;
      const id = this.add(token);
      if (told !== id) {
        const found = `the added token ${quote(token.content)} has the id ${quote(JSON.stringify(told ?? null))}`;
        throw unsupportedTokenizer(`gives no ids out anew: ${found}, where its place in tokenizer.json gives ${id}`);
      }
    }
  }
}
