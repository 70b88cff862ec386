import { isObject } from "../../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { addedBySpecialTokens } from "./template-processing.js";
import { listMember, objects } from "./tokenizer-files.js";
import type { VocabularyEntries } from "./vocabulary-entries.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

/** Roles that llama.cpp's converter looks for, in its order, unless a model says otherwise. */
export const defaultRoles: readonly string[] = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

/** Roles that have a key in GGUF files; others are looked for, and dropped. */
const idKeys = new Map([
  ...["bos", "eos", "eot", "eom", "mask"].map((role) => [role, `tokenizer.ggml.${role}_token_id`] as const),
  ["unk", "tokenizer.ggml.unknown_token_id"],
  ["sep", "tokenizer.ggml.seperator_token_id"],
  ["pad", "tokenizer.ggml.padding_token_id"],
]);
const addKeys = new Map(["bos", "eos", "sep"].map((role) => [role, `tokenizer.ggml.add_${role}_token`]));

export interface SpecialSources {
  /** tokenizer.json, tokenizer_config.json and config.json of the model folder, as far as they are there. */
  tokenizer: JsonObject | undefined;
  tokenizerConfig: JsonObject | undefined;
  modelConfig: JsonObject | undefined;
  roles: readonly string[];
  /** Ids from here on are passed over; undefined for no limit. */
  tokens?: number;
  /** Ids that the converter knows by heart; what the files say comes first. */
  known?: readonly (readonly [role: string, id: number])[];
}

/**
 * Which tokens play which role, and which are put around a text, worked out from the files in the order in which gguf-py's
 * SpecialVocab does it. Throws QS-CONVERT-TOKENIZER.
 */
export function addSpecialTokens(entries: VocabularyEntries, sources: SpecialSources): void {
  const ids = new Map<string, number>();
  const { tokenizer, modelConfig, tokens = Number.POSITIVE_INFINITY } = sources;
  const set = (role: string, id: Json | undefined, file: string) => {
    if (typeof id !== "number" || !Number.isInteger(id)) return;
    if (id < 0 || id > 2 ** 32 - 1) throw brokenTokenizer(file, `the id of the ${role} token is ${id}`);
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

/** A token in tokenizer_config.json: its text, or an object with it. */
export function contentOf(token: Json | undefined): string | undefined {
  if (typeof token === "string") return token;
  return isObject(token) && typeof token.content === "string" ? token.content : undefined;
}
