import { isObject } from "../../checkpoint/parse-python-json.js";
import type { JsonObject } from "../../util/canonical-json.js";

/** Returns true for the config of a model with a vision or audio part, which llama.cpp stores in a separate file. */
export function isMultimodal(config: JsonObject): boolean {
  return isObject(config.vision_config) || isObject(config.audio_config);
}
