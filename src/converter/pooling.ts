import { join } from "node:path";
import { poolingFile } from "../checkpoint/outline/details.js";
import { parseJson, parseSide } from "../checkpoint/outline/side-files.js";
import { unsupportedPooling } from "../llamacpp/python/convert-failures.js";
import { isMissing } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { readRegular } from "../util/regular-file.js";
import { badConfig } from "./native-errors.js";

/** `enum llama_pooling_type`. */
const types = { mean: 1, cls: 2, last: 3 } as const;

/**
 * Returns the pooling type of an embedding model as llama.cpp's converter reads it (`_try_set_pooling_type` in
 * conversion/base.py): that of the first pooling in modules.json; undefined without one. Throws QS-CONVERT-CONFIG for
 * missing settings, and for a kind that no converter writes.
 */
export async function readPoolingType(folder: string): Promise<number | undefined> {
  const modules = await read(join(folder, "modules.json"));
  if (modules === undefined) return undefined;
  const list = parseJson(modules);
  if (!Array.isArray(list)) throw badConfig("it is not a list", "modules.json");
  const path = poolingFile(list);
  if (path === undefined) return undefined;
  const content = await read(join(folder, path));
  if (content === undefined) throw badConfig(`it names ${quote(path)}, which is missing`, "modules.json");
  const pooling = parseSide(content);
  if (pooling === undefined) throw badConfig("it is not a JSON object", path);
  if (pooling.pooling_mode_mean_tokens) return types.mean;
  if (pooling.pooling_mode_cls_token) return types.cls;
  if (pooling.pooling_mode_lasttoken) return types.last;
  const mode = pooling.pooling_mode;
  if (mode === "mean" || mode === "cls") return types[mode];
  if (mode === "lasttoken") return types.last;
  throw unsupportedPooling();
}

async function read(path: string): Promise<Buffer | undefined> {
  try {
    return await readRegular(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
