import { isObject } from "../checkpoint/parse-python-json.js";
import type { Entries } from "./entries.js";
import { readText } from "./vocabulary/tokenizer-files.js";

/**
 * Returns the token count that llama.cpp's converter computes for a Gemma 3; further embedding rows are dropped. With a
 * `tokenizer.model` this is the number of written tokens, else that of the entries in `tokenizer.json`, some counted
 * twice.
 */
export async function countTokens(folder: string, tokenizer: Entries): Promise<number> {
  const tokens = tokenizer.find(([key]) => key === "tokenizer.ggml.tokens")?.[1];
  const written = tokens?.type === "array" ? tokens.items.length : 0;
  const names = new Map(tokenizer).get("tokenizer.ggml.model");
  if (names?.type === "string" && names.value === "llama") return written;
  try {
    const json: unknown = JSON.parse((await readText(folder, "tokenizer.json")) ?? "");
    if (!isObject(json) || !isObject(json.model) || !isObject(json.model.vocab)) return written;
    return Object.keys(json.model.vocab).length + (Array.isArray(json.added_tokens) ? json.added_tokens.length : 0);
  } catch (error) {
    if (error instanceof SyntaxError) return written;
    throw error;
  }
}
