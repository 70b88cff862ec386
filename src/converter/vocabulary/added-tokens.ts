import type { Json, JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { maxTokens } from "./vocabulary-entries.js";
import { brokenTokenizer, unsupportedTokenizer } from "./vocabulary-errors.js";

/** A token added to the model's vocabulary, with the fields of tokenizer.json except the id. */
export interface AddedToken {
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

/** Reads an added token and fills missing fields with transformers' defaults. Throws QS-CONVERT-TOKENIZER. */
export function toAddedToken(value: JsonObject, file: string): AddedToken {
  const { content } = value;
  if (typeof content !== "string") throw brokenTokenizer(file, "an added token has no valid content");
  const flag = (key: string, otherwise: boolean) => {
    const flag = value[key] ?? otherwise;
    if (typeof flag === "boolean") return flag;
    throw brokenTokenizer(
      file,
      `${key} of the added token ${quote(content)} must be true or false, found ${quote(JSON.stringify(flag))}`,
    );
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

/** Returns the added token for a role, such as BOS, that is configured by its text alone. */
export function specialText(content: string): AddedToken {
  return { content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** Added tokens with ids assigned as in Hugging Face's tokenizers: the id in the vocabulary, else the next free one. */
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

  /** Adds or updates a token and returns its id; an existing token keeps its id. */
  add(token: AddedToken): number {
    if (token.content === "") throw unsupportedTokenizer("does not support added tokens without text");
    const size = this.#vocabulary.size;
    const next = Math.max(size, this.#highest + 1);
    const id = this.#vocabulary.get(token.content) ?? this.#ids.get(token.content) ?? next;
    if (id >= maxTokens) throw brokenTokenizer("tokenizer.json", `it has more than ${maxTokens} tokens`);
    this.#ids.set(token.content, id);
    this.#tokens.set(token.content, token);
    this.#highest = Math.max(this.#highest, id);
    return id;
  }

  /** Returns the tokens with their ids, in ascending order. */
  list(): (AddedToken & { id: number })[] {
    return [...this.#tokens.values()]
      .map((token) => ({ id: this.#ids.get(token.content) ?? 0, ...token }))
      .sort((a, b) => a.id - b.id);
  }

  /** Adds the tokens listed in tokenizer.json. Throws QS-CONVERT-TOKENIZER where the library would assign another id. */
  addListed(listed: readonly JsonObject[]): void {
    for (const value of listed) {
      const token = toAddedToken(value, "tokenizer.json");
      const configuredId: Json | undefined = value.id;
      const id = this.add(token);
      if (configuredId !== id) {
        const found = `the added token ${quote(token.content)} has the id ${quote(JSON.stringify(configuredId ?? null))}`;
        throw unsupportedTokenizer(
          `does not renumber tokens: ${found}, but its position in tokenizer.json gives ${id}`,
        );
      }
    }
  }
}
