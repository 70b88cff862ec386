import type { JsonObject } from "../../util/canonical-json.js";
import { isObject } from "../parse-python-json.js";

/** Keys under which multimodal models nest their language model's configuration, as llama.cpp's converter reads them. */
const nested = ["text_config", "llm_config", "lm_config", "language_config", "lfm"];

/** Returns the configuration of the language model: of a multimodal model, the nested one over the outer. */
export function languageConfig(config: JsonObject): JsonObject {
  const thinker = isObject(config.thinker_config) ? config.thinker_config.text_config : undefined;
  const inner = [...nested.map((key) => config[key]), thinker].find(isObject);
  return inner === undefined ? config : { ...config, ...(inner as JsonObject) };
}

/** Returns the number of the first key whose value is one; null without. */
export function firstNumber(config: JsonObject, ...keys: string[]): number | null {
  const found = keys.map((key) => config[key]).find((value) => typeof value === "number");
  return typeof found === "number" ? found : null;
}
