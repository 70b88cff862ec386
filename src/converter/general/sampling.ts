import { join } from "node:path";
import { isObject, parsePythonJson } from "../../checkpoint/parse-python-json.js";
import { maxConfigBytes } from "../../checkpoint/read-config.js";
import { decodeJson } from "../../checkpoint/read-text.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { isMissing } from "../../util/errors.js";
import { readRegular } from "../../util/regular-file.js";
import type { Entries } from "../entries.js";
import { toFloat } from "../hyperparameters.js";
import { badConfig, formatValue } from "../native-errors.js";

const fileName = "generation_config.json";
/** Python's parser limits nesting, too. */
const maxDepth = 100;

/** Keys in generation_config.json (the first present one counts), key in the GGUF file, type. */
const settings = [
  [["sequence"], "sequence", "string"],
  [["top_k"], "top_k", "int32"],
  [["top_p"], "top_p", "float32"],
  [["min_p"], "min_p", "float32"],
  [["xtc_probability"], "xtc_probability", "float32"],
  [["xtc_threshold"], "xtc_threshold", "float32"],
  [["temperature"], "temp", "float32"],
  [["penalty_last_n"], "penalty_last_n", "int32"],
  [["penalty_repeat", "repetition_penalty"], "penalty_repeat", "float32"],
  [["mirostat"], "mirostat", "int32"],
  [["mirostat_tau"], "mirostat_tau", "float32"],
  [["mirostat_eta"], "mirostat_eta", "float32"],
] as const;

/**
 * Returns `general.sampling.*` from generation_config.json. Like llama.cpp's converter, ignores a missing file or invalid
 * JSON. Throws QS-CONVERT-CONFIG for a value of the wrong type and for invalid UTF-8.
 */
export async function samplingMetadata(folder: string): Promise<Entries> {
  const config = await readGenerationConfig(join(folder, fileName));
  return settings.flatMap(([names, key, type]): Entries => {
    const name = names.find((candidate) => config[candidate] !== undefined);
    const value = name === undefined ? null : (config[name] ?? null);
    if (name === undefined || value === null || value === "") return [];
    return [[`general.sampling.${key}`, { type, value: checked(value, name, type) }]];
  });
}

async function readGenerationConfig(path: string): Promise<JsonObject> {
  try {
    const text = decodeJson(await readRegular(path, maxConfigBytes), { depth: maxDepth });
    const config = parsePythonJson(text, "infinity");
    return isObject(config) ? (config as JsonObject) : {};
  } catch (error) {
    if (error instanceof RangeError) throw badConfig(error.message, fileName);
    if (error instanceof TypeError) throw badConfig("it is not valid UTF-8", fileName);
    if (error instanceof SyntaxError || isMissing(error)) return {};
    throw error;
  }
}

function checked(value: Json, name: string, type: "string" | "int32" | "float32"): number | string {
  if (type === "float32") return toFloat(value, name, fileName);
  if (type === "string" && typeof value === "string") return value;
  if (type === "int32" && typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 31)
    return value;
  throw badConfig(`${name} is ${formatValue(value)}`, fileName);
}
