import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "../../util/canonical-json.js";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { checkFiles } from "./check-files.js";
import { findWeights } from "./find-weights.js";
import { readConfig } from "./read-config.js";
import { readSafetensorsHeader, type SafetensorsHeader } from "./safetensors.js";
import { isSnapshotFile } from "./snapshot-files.js";
import { checkShards, indexFileName } from "./weight-index.js";

export interface Snapshot {
  dir: string;
  /** The files that belong to it, by name. Tools should be shown a folder that holds these and nothing else. */
  files: { path: string; size: number }[];
  config: JsonObject;
  /** `architectures[0]` of the configuration. */
  architecture: string;
  /** Values in all tensors; for a checkpoint that is already quantized, packed values and scales. */
  parameters: number;
  /** Bytes of all tensors. */
  tensorBytes: number;
  /** Names of the safetensors files in use. */
  weights: string[];
}

/**
 * Checks a local checkpoint folder before any tool opens it: configuration, weights and their index
 * are present, whole and agree, and no file leads out of the folder. Only headers are read.
 *
 * Throws QS-FETCH-MISSING, -NO-CONFIG, -CONFIG, -NO-WEIGHTS, -PICKLE, -INDEX, -SAFETENSORS and -LINK.
 */
export async function checkSnapshot(dir: string): Promise<Snapshot> {
  const names = new Set(await listFolder(dir));
  if (!names.has("config.json")) {
    throw new QuantsmithError("QS-FETCH-NO-CONFIG", `${dir} has no config.json`, {
      remedy: "Give the folder of a Hugging Face checkpoint; config.json and the weights lie side by side in it.",
      at: { file: join(dir, "config.json") },
    });
  }
  const sideFiles = [...names].filter((name) => isSnapshotFile(name) && !name.endsWith(".safetensors"));
  const sizes = await checkFiles(dir, sideFiles);
  const { config, architecture } = await readConfig(join(dir, "config.json"));
  const { files: weights, shardOf } = await findWeights(dir, names);
  for (const [name, size] of await checkFiles(dir, weights)) sizes.set(name, size);
  const headers = new Map<string, SafetensorsHeader>();
  for (const name of weights) headers.set(name, await readSafetensorsHeader(join(dir, name)));
  if (shardOf !== undefined) checkShards(join(dir, indexFileName), shardOf, headers);
  const files = [...sizes].map(([path, size]) => ({ path, size })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const tensors = [...headers.values()].flatMap((header) => header.tensors);
  const parameters = tensors.reduce((sum, tensor) => sum + tensor.elements, 0);
  if (parameters === 0) {
    throw new QuantsmithError("QS-FETCH-NO-WEIGHTS", `The weight files in ${dir} hold no values`, {
      remedy: "Take the weights from the model's original repository.",
      at: { file: dir },
    });
  }
  const tensorBytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  return { dir, files, config, architecture, parameters, tensorBytes, weights };
}

async function listFolder(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new QuantsmithError("QS-FETCH-MISSING", `The model folder ${dir} cannot be read: ${error.message}`, {
      remedy: "Check the path. A local model is the folder that holds config.json.",
      at: { file: dir },
      cause: error,
    });
  }
}
