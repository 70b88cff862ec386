import type { JsonObject } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { readRegular } from "../util/regular-file.js";
import { isObject, type NonFinite, parsePythonJson } from "./parse-python-json.js";
import { decodeJson } from "./read-text.js";

/** Published files have up to a hundred kilobytes. */
export const maxConfigBytes = 4 * 2 ** 20;
/** Deeper nesting would overflow the stack of recursive code; the largest label maps have 20 000 members. */
const limits = { depth: 100, containers: 100_000, colons: 200_000, commas: 500_000, strings: 400_000 };

/** Keys whose values are mappings; null counts as absent, except for `text_config`, on which the converter fails. */
const sections = ["text_config", "vision_config", "audio_config", "quantization_config"];

export interface ModelConfig {
  /** config.json; NaN and Infinity are null, unless `nonFinite` is set. */
  config: JsonObject;
  /** `architectures[0]`, the model class for the converter. */
  architecture: string;
}

/** Reads and parses a checkpoint's config.json. Throws QS-FETCH-CONFIG. */
export async function readConfig(path: string, nonFinite?: NonFinite): Promise<ModelConfig> {
  return checkConfig(path, await readJson(path, (why) => unusable(path, why), nonFinite));
}

/** Parses the content of a config.json; `path` is for errors. Throws QS-FETCH-CONFIG. */
export function parseConfig(path: string, content: Buffer, nonFinite?: NonFinite): ModelConfig {
  return checkConfig(
    path,
    parseJson(content, (why) => unusable(path, why), nonFinite),
  );
}

/** Reads the JSON of a small configuration file, as Python does. Throws `unusable` with a reason for invalid content. */
export async function readJson(
  path: string,
  unusable: (why: string) => QuantsmithError,
  nonFinite?: NonFinite,
): Promise<unknown> {
  try {
    return parseJson(await readRegular(path, maxConfigBytes), unusable, nonFinite);
  } catch (error) {
    if (error instanceof RangeError) throw unusable(error.message);
    throw error;
  }
}

function parseJson(content: Buffer, unusable: (why: string) => QuantsmithError, nonFinite?: NonFinite): unknown {
  try {
    return parsePythonJson(decodeJson(content, limits), nonFinite);
  } catch (error) {
    if (error instanceof SyntaxError) throw unusable("it is not valid JSON");
    if (error instanceof RangeError) throw unusable(error.message);
    if (error instanceof TypeError) throw unusable("it is not valid UTF-8");
    throw error;
  }
}

function checkConfig(path: string, config: unknown): ModelConfig {
  if (!isObject(config)) throw unusable(path, "it is not a JSON object");
  const architecture = Array.isArray(config.architectures) ? config.architectures[0] : undefined;
  if (typeof architecture !== "string" || architecture === "") {
    throw unusable(path, "architectures[0] is missing");
  }
  for (const key of sections) {
    const isAbsent = config[key] === undefined || (config[key] === null && key !== "text_config");
    if (!isAbsent && !isObject(config[key])) throw unusable(path, `${key} is not a JSON object`);
  }
  // Everything JSON.parse returns is JSON.
  return { config: config as JsonObject, architecture };
}

function unusable(path: string, why: string): QuantsmithError {
  return new QuantsmithError("QS-FETCH-CONFIG", `config.json is unusable: ${why}`, {
    remedy: "Use config.json from the model's original repository.",
    at: { file: path },
  });
}

/** Returns the number of tokens, for multimodal models from `text_config`; null when it is missing. */
export function vocabularySize(config: JsonObject): number | null {
  const language = isObject(config.text_config) ? config.text_config : config;
  const size = config.vocab_size ?? language.vocab_size;
  return typeof size === "number" ? size : null;
}
