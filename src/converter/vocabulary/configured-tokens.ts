import { isObject } from "../../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { type AddedToken, type AddedTokens, specialText, toAddedToken } from "./added-tokens.js";
import type { ModelFiles } from "./model-files.js";
import { listMember, objectMember } from "./tokenizer-files.js";
import { brokenTokenizer, unsupportedTokenizer } from "./vocabulary-errors.js";

const file = "tokenizer_config.json";
const roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];
const others = "additional_special_tokens";
const named = "extra_special_tokens";

/** Tokens by role; a token configured by its text alone stays a string. */
export type SpecialTokens = ReadonlyMap<string, (AddedToken | string)[]>;

/**
 * Returns tokens by role as transformers resolves them: from tokenizer_config.json, without its added_tokens_decoder also
 * from special_tokens_map.json, and from the tokenizer class. Throws QS-CONVERT-TOKENIZER.
 */
export function specialTokens(
  files: ModelFiles,
  defaults: Readonly<Record<string, string>>,
  added: AddedTokens,
): SpecialTokens {
  const config = files.tokenizerConfig ?? {};
  const decoder = decoderTokens(config);
  const map = decoder === undefined ? (files.specialTokensMap ?? {}) : {};
  const known = new Map((decoder ?? added.list()).map((token) => [token.content, token]));
  const found = new Map<string, (AddedToken | string)[]>();
  for (const role of roles) {
    const key = `${role}_token`;
    const configured = map[key] !== undefined ? map[key] : config[key];
    const value = configured === undefined ? defaults[role] : configured;
    if (value === undefined || value === null) continue;
    const token = toToken(value, map[key] !== undefined);
    const content = typeof token === "string" ? token : token.content;
    found.set(role, [known.get(content) ?? token]);
  }
  const listed = [
    ...(listMember(config, others, file) ?? []),
    ...(listMember(map, others, "special_tokens_map.json") ?? []),
  ];
  found.set(
    others,
    listed.map((value) => toToken(value, decoder === undefined)),
  );
  found.set(named, namedTokens(map[named] !== undefined ? map[named] : config[named]));
  return found;
}

/** Returns tokens in model-specific roles, such as `image_token`, which follow all other tokens. */
function namedTokens(configured: Json | undefined): string[] {
  if (configured === undefined) return [];
  if (!isObject(configured)) throw unsupportedTokenizer(`supports ${named} in ${file} only as an object`);
  return Object.entries(configured).map(([role, token]) => {
    const usual = role === others || roles.some((each) => role === `${each}_token`);
    if (typeof token === "string" && !usual) return token;
    throw unsupportedTokenizer(`does not support the token ${quote(role)} of ${named} in ${file}`);
  });
}

/**
 * Returns the tokens that transformers adds to those of tokenizer.json, in its order. An existing token is added again if
 * its properties are configured, since these take precedence. Throws QS-CONVERT-TOKENIZER.
 */
export function configuredTokens(
  files: ModelFiles,
  special: readonly (AddedToken | string)[],
  added: AddedTokens,
): AddedToken[] {
  const decoder = decoderTokens(files.tokenizerConfig ?? {});
  for (const content of decoder === undefined ? Object.keys(files.addedTokens ?? {}) : []) {
    if (!added.has(content)) {
      throw unsupportedTokenizer(
        `does not support the token ${quote(content)} of added_tokens.json without an entry in tokenizer.json`,
      );
    }
  }
  // Without a decoder transformers builds one from tokenizer.json's tokens.
  const toAdd: AddedToken[] = [...(decoder ?? added.list())];
  const seen = new Set<string>();
  for (const token of special) {
    const content = typeof token === "string" ? token : token.content;
    const first = !seen.has(content);
    seen.add(content);
    if (
      !first ||
      (typeof token === "string" && (added.has(content) || toAdd.some((each) => each.content === content)))
    ) {
      continue;
    }
    toAdd.push(typeof token === "string" ? specialText(token) : { ...token, special: true });
  }
  return toAdd;
}

/** Returns the tokens of added_tokens_decoder by ascending id; undefined without it. */
function decoderTokens(config: JsonObject): AddedToken[] | undefined {
  const decoder = objectMember(config, "added_tokens_decoder", file);
  if (decoder === undefined) return undefined;
  return Object.entries(decoder)
    .map(([id, value]): [number, AddedToken] => {
      if (!/^\d{1,9}$/.test(id) || !isObject(value)) {
        throw brokenTokenizer(file, `the entry ${quote(id)} of added_tokens_decoder is not a token with an id`);
      }
      return [Number(id), toAddedToken(value as JsonObject, file)];
    })
    .sort(([a], [b]) => a - b)
    .map(([, token]) => token);
}

function toToken(value: Json, special: boolean): AddedToken | string {
  if (typeof value === "string") return value;
  if (!isObject(value)) throw brokenTokenizer(file, "a special token is neither a string nor an object");
  const token = toAddedToken(value as JsonObject, file);
  return special ? { ...token, special: true } : token;
}
