import { isObject } from "../../checkpoint/parse-python-json.js";
import type { JsonObject } from "../../util/canonical-json.js";

/** True for the configuration of a model with a part for images or sound, which llama.cpp keeps in a file of its own. */
export function isMultimodal(config: JsonObject): boolean {
  return isObject(config.vision_config) || isObject(config.audio_config);
}
