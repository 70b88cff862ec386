import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isObject, parsePythonJson } from "../../checkpoint/parse-python-json.js";
import { decodeJson } from "../../checkpoint/read-text.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { readRegular } from "../../util/regular-file.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

/** Size limit of a file read into memory. The largest published tokenizer.json has 35 MB. */
const maxBytes = 256 * 2 ** 20;
/** Deeper nesting overflows the stack of recursive code. */
const maxDepth = 100;

/** Reads a file of the model folder; undefined if it is missing. Throws QS-CONVERT-TOKENIZER. */
export async function readBytes(folder: string, name: string): Promise<Buffer | undefined> {
  const path = join(folder, name);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  if (found.size > maxBytes) throw brokenTokenizer(name, `it has ${found.size} bytes, more than ${maxBytes}`);
  return readRegular(path, maxBytes);
}

export async function isFile(folder: string, name: string): Promise<boolean> {
  return (await stat(join(folder, name)).catch(() => undefined))?.isFile() ?? false;
}

/** Reads UTF-8 text and keeps a byte order mark. Throws QS-CONVERT-TOKENIZER. */
export async function readText(folder: string, name: string): Promise<string | undefined> {
  const bytes = await readBytes(folder, name);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw brokenTokenizer(name, "it is not UTF-8", error);
  }
}

/** Reads a file with one JSON object; undefined if it is missing. Throws QS-CONVERT-TOKENIZER. */
export async function readObject(folder: string, name: string): Promise<JsonObject | undefined> {
  const bytes = await readBytes(folder, name);
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = parsePythonJson(decodeJson(bytes, { depth: maxDepth }));
  } catch (error) {
    if (error instanceof RangeError) throw brokenTokenizer(name, error.message, error);
    throw brokenTokenizer(name, error instanceof TypeError ? "it is not UTF-8" : "it is not JSON", error);
  }
  if (!isObject(value)) throw brokenTokenizer(name, "it is not a JSON object");
  return value as JsonObject;
}

/** Returns an optional member that must be an object. Throws QS-CONVERT-TOKENIZER. */
export function objectMember(object: JsonObject, key: string, file: string): JsonObject | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return value as JsonObject;
  throw brokenTokenizer(file, `${key} is not an object`);
}

/** Returns an optional member that must be a list. Throws QS-CONVERT-TOKENIZER. */
export function listMember(object: JsonObject, key: string, file: string): readonly Json[] | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value as readonly Json[];
  throw brokenTokenizer(file, `${key} is not a list`);
}

/** Returns the items of a list, which must be objects. Throws QS-CONVERT-TOKENIZER. */
export function objects(items: readonly Json[], what: string, file: string): JsonObject[] {
  return items.map((item) => {
    if (isObject(item)) return item as JsonObject;
    throw brokenTokenizer(file, `an item of ${what} is not an object`);
  });
}
