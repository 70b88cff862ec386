import type { Gguf } from "../../gguf/gguf.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";

/** What a key's meaning depends on. */
export interface KeyFacts {
  /** The converted file. */
  gguf: Pick<Gguf, "metadata">;
  /** The object that contains the key; for config.json with `text_config` merged into it. */
  object: JsonObject;
  /** tokenizer_config.json; empty without one. */
  tokenizerConfig: JsonObject;
}

/** A key with values that change what transformers computes, and that llama.cpp ignores or reads in another way. */
export interface LostKey {
  /** These values, for the documentation. */
  when: string;
  /** The difference; completes "config.json, `hidden_act` ("gelu"): …". */
  effect: string;
  /** What the user can do, unless that is to compare answers. */
  remedy?: string;
  /** Whether the value is one of them; undefined for a missing key, null where the file says so. */
  differs(value: Json | undefined, facts: KeyFacts): boolean;
}

/** The keys of one file of a checkpoint; `a.b` is a key of the object `a`. */
export interface FileKeys {
  file: string;
  /** Keys that the conversion or a warning of its own code reads. */
  read: readonly string[];
  /** Keys without an effect on the text that a model reads and writes. */
  withoutEffect: readonly string[];
  /** Keys with values that are lost; other values are read, or have no effect. */
  lost: Readonly<Record<string, LostKey>>;
  /** Matches further keys without effect. */
  ignored?: RegExp;
  /** Whether every other key is the text of a token. */
  anyKey?: boolean;
}

/** Returns a rule for a key that has an effect unless it is absent, null, or one of the `neutral` values. */
export function unless(neutral: readonly Json[], effect: string): LostKey {
  const others = neutral.map((value) => JSON.stringify(value)).join(" or ");
  return {
    when: neutral.length === 0 ? "set" : `not ${others}`,
    effect,
    differs: (value) => value !== undefined && value !== null && !neutral.some((each) => same(each, value)),
  };
}

/** Lists are equal if both are empty. */
function same(a: Json, b: Json): boolean {
  return a === b || (Array.isArray(a) && Array.isArray(b) && a.length === 0 && b.length === 0);
}
