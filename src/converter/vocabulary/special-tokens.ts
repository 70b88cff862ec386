import { isObject } from "../../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { addedBySpecialTokens } from "./template-processing.js";
import { listMember, objects } from "./tokenizer-files.js";
import type { VocabularyEntries } from "./vocabulary-entries.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

/** Default roles in llama.cpp's converter, in its order. */
export const defaultRoles: readonly string[] = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

/** GGUF keys by role; tokens of other roles are not written. */
const idKeys = new Map([
  ...["bos", "eos", "eot", "eom", "mask"].map((role) => [role, `tokenizer.ggml.${role}_token_id`] as const),
  ["unk", "tokenizer.ggml.unknown_token_id"],
  ["sep", "tokenizer.ggml.seperator_token_id"],
  ["pad", "tokenizer.ggml.padding_token_id"],
]);
const addKeys = new Map(["bos", "eos", "sep"].map((role) => [role, `tokenizer.ggml.add_${role}_token`]));

export interface SpecialSources {
  /** tokenizer.json, tokenizer_config.json and config.json of the model folder; undefined for a missing file. */
  tokenizer: JsonObject | undefined;
  tokenizerConfig: JsonObject | undefined;
  modelConfig: JsonObject | undefined;
  roles: readonly string[];
  /** Ids from this number on are ignored; undefined means no limit. */
  tokens?: number;
  /** Ids hard-coded in the converter; the files take precedence. */
  known?: readonly (readonly [role: string, id: number])[];
}

/**
 * Adds the ids of tokens in roles and the flags for tokens added around a text, resolved from the files in the order of
 * gguf-py's SpecialVocab. Throws QS-CONVERT-TOKENIZER.
 */
export function addSpecialTokens(entries: VocabularyEntries, sources: SpecialSources): void {
  const ids = new Map<string, number>();
  const { tokenizer, modelConfig, tokens = Number.POSITIVE_INFINITY } = sources;
  const set = (role: string, id: Json | undefined, file: string) => {
    if (typeof id !== "number" || !Number.isInteger(id)) return;
    if (id < 0 || id > 2 ** 32 - 1) throw brokenTokenizer(file, `the ${role} token has the invalid id ${id}`);
    if (id < tokens && !ids.has(role)) ids.set(role, id);
  };

  const found = addedBySpecialTokens(tokenizer, sources.tokenizerConfig, sources.roles);
  const added = tokenizer === undefined ? [] : (listMember(tokenizer, "added_tokens", "tokenizer.json") ?? []);
  const list = objects(added, "added_tokens", "tokenizer.json");
  const { config, roles, add } = found;
  for (const role of config === undefined ? [] : roles) {
    const adds = config?.[`add_${role}_token`];
    if (typeof adds === "boolean") add.set(role, adds);
    const content = contentOf(config?.[`${role}_token`]);
    if (content !== undefined) set(role, list.find((token) => token.content === content)?.id, "tokenizer.json");
  }
  if (modelConfig !== undefined) {
    const text = isObject(modelConfig.text_config) ? (modelConfig.text_config as JsonObject) : undefined;
    for (const role of roles) {
      const key = `${role}_token_id`;
      set(role, modelConfig[key] ?? text?.[key], "config.json");
    }
  }
  for (const [role, id] of sources.known ?? []) set(role, id, "config.json");

  for (const [role, id] of ids) {
    const key = idKeys.get(role);
    if (key !== undefined) entries.uint32(key, id);
  }
  for (const [role, value] of add) {
    const key = addKeys.get(role);
    if (key !== undefined) entries.flag(key, value);
  }
}

/** Returns the text of a token in tokenizer_config.json, which is a string or an object. */
function contentOf(token: Json | undefined): string | undefined {
  if (typeof token === "string") return token;
  return isObject(token) && typeof token.content === "string" ? token.content : undefined;
}
