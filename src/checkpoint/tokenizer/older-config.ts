import type { Json, JsonObject } from "../../util/canonical-json.js";
import { isObject } from "../parse-python-json.js";

/** Classes that transformers 5 renamed. */
const renamed: Readonly<Record<string, string>> = { TokenizersBackend: "PreTrainedTokenizerFast" };

/** Keys that record how transformers 5 loaded a tokenizer, without an effect on it. */
const records = ["backend", "is_local", "local_files_only"];

/**
 * Returns a tokenizer_config.json of transformers 5 in the form that transformers 4, which llama.cpp's converter uses,
 * reads: with the former name of the class, the list `extra_special_tokens` as `additional_special_tokens`, and
 * `model_specific_special_tokens` as the object `extra_special_tokens`. Returns a file of transformers 4 itself.
 */
function olderTokenizerConfig(config: JsonObject): JsonObject {
  if (!isOfTransformers5(config)) return config;
  const { extra_special_tokens: extra, model_specific_special_tokens: named, ...others } = config;
  const older: Record<string, Json | undefined> = Object.fromEntries(
    Object.entries(others).filter(([key]) => !records.includes(key)),
  );
  const { tokenizer_class: name } = config;
  if (typeof name === "string") older.tokenizer_class = renamed[name] ?? name;
  const listed = [config.additional_special_tokens, extra].flatMap((value) => (Array.isArray(value) ? value : []));
  if (listed.length > 0) older.additional_special_tokens = listed as Json[];
  const objects = { ...(isObject(extra) ? extra : {}), ...(isObject(named) ? named : {}) } as JsonObject;
  if (Object.keys(objects).length > 0) older.extra_special_tokens = objects;
  return older as JsonObject;
}

/** Returns true for a file that transformers 4 does not read, or reads with records of transformers 5. */
function isOfTransformers5(config: JsonObject): boolean {
  return (
    config.tokenizer_class === "TokenizersBackend" ||
    Array.isArray(config.extra_special_tokens) ||
    isObject(config.model_specific_special_tokens) ||
    records.some((key) => config[key] !== undefined)
  );
}

/**
 * Returns tokenizer_config.json as llama.cpp's converter should read it: in the form of transformers 4, and without a
 * chat template if there is a chat_template.jinja, which transformers prefers to it and the converter does not.
 */
export function converterTokenizerConfig(config: JsonObject, hasTemplateFile: boolean): JsonObject {
  const older = olderTokenizerConfig(config);
  if (!hasTemplateFile || older.chat_template === undefined) return older;
  const { chat_template: _unused, ...others } = older;
  return others;
}
