import type { JsonObject } from "../../util/canonical-json.js";
import { readRegular } from "../../util/regular-file.js";
import { isObject, parsePythonJson } from "../parse-python-json.js";
import { maxConfigBytes } from "../read-config.js";
import { decodeJson } from "../read-text.js";

/** ModelOpt's settings of a quantization, which older checkpoints have beside config.json. */
export const modelOptFile = "hf_quant_config.json";

const limits = { depth: 100, containers: 100_000, colons: 200_000, commas: 500_000, strings: 400_000 };

/** Reads a small JSON object of a model folder; undefined if it is missing or none. */
export async function parseSideFile(path: string): Promise<JsonObject | undefined> {
  return parseSide(await readRegular(path, maxConfigBytes).catch(() => undefined));
}

/** Parses such a file's content; undefined for anything but a JSON object, which the tool that needs it reports. */
export function parseSide(content: Buffer | undefined): JsonObject | undefined {
  const value = content === undefined ? undefined : parseJson(content);
  return isObject(value) ? (value as JsonObject) : undefined;
}

/** Parses JSON as Python writes it; undefined if it is none, or beyond the limits of a configuration. */
export function parseJson(content: Buffer): unknown {
  try {
    return parsePythonJson(decodeJson(content, limits));
  } catch {
    return undefined;
  }
}
