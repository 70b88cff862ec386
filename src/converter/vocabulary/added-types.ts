import { isObject } from "../../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { tokenTypes } from "./vocabulary-entries.js";

/** Lists of a GGUF vocabulary, by id. */
export interface TypedTokens {
  tokens: readonly string[];
  types: readonly number[];
}

/**
 * Returns a SentencePiece vocabulary in which llama.cpp finds the added tokens of tokenizer.json as transformers does:
 * special ones as control tokens, others as user-defined ones. llama.cpp's converter leaves those that belong to the base
 * vocabulary as normal ones, whose text is split. Tokens with another text in the file, bytes and the unknown token stay,
 * as does a control token that is not special here. `decoder` is tokenizer_config.json's `added_tokens_decoder`, which
 * takes precedence. Pure.
 */
export function typeAdded(
  { tokens, types }: TypedTokens,
  added: readonly Json[],
  decoder: JsonObject | undefined,
): { tokens: string[]; types: number[] } {
  const result = { tokens: [...tokens], types: [...types] };
  for (const token of added) {
    if (!isObject(token)) continue;
    const { id, content } = token;
    if (typeof id !== "number" || typeof content !== "string" || tokens[id] !== content) continue;
    const type = types[id];
    if (type === tokenTypes.byte || type === tokenTypes.unknown) continue;
    const configured = decoder?.[id];
    const special = isObject(configured) && configured.content === content ? configured.special : token.special;
    if (special === true) result.types[id] = tokenTypes.control;
    else if (type === tokenTypes.normal || type === tokenTypes.unused) {
      result.types[id] = tokenTypes.userDefined;
      // As the converter does: llama.cpp looks for these tokens before it replaces spaces.
      result.tokens[id] = content.replaceAll("▁", " ");
    }
  }
  return result;
}
