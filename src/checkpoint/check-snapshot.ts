import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "../util/canonical-json.js";
import { isSystemError, QuantsmithError } from "../util/errors.js";
import { systemReason } from "../util/system-reason.js";
import { checkFiles } from "./check-files.js";
import {
  defaultFileSelection,
  type FileSelection,
  isExcluded,
  isSelected,
  isUnsafe,
  isWeightFile,
} from "./file-selection.js";
import { findWeights } from "./find-weights.js";
import { readConfig } from "./read-config.js";
import { requireNoAdapter } from "./require-no-adapter.js";
import { readSafetensorsHeader } from "./safetensors.js";
import { indexFileName, ShardCheck } from "./weight-index.js";
import { requireUnwrapped } from "./wrapped-weights.js";

export interface Snapshot {
  dir: string;
  /** The files of the snapshot. Tools must run on a folder with only these files. */
  files: { path: string; size: number }[];
  config: JsonObject;
  /** `architectures[0]` of the configuration. */
  architecture: string;
  /** Values in all tensors; for a quantized checkpoint, packed values and scales; for pickles, an estimate. */
  parameters: number;
  /** Bytes of all tensors. */
  tensorBytes: number;
  /** Names of the weight files in use. */
  weights: string[];
  /** Files that can run code when a tool opens them; empty without `allowUnsafe`. */
  unsafe: string[];
}

/**
 * Verifies a local checkpoint folder before any tool opens it: configuration, weights and index are present, complete and
 * consistent, and no link points outside the folder. Reads only headers.
 * `only` restricts the snapshot to these names.
 *
 * Throws QS-FETCH-MISSING, -ADAPTER, -NO-CONFIG, -CONFIG, -NO-WEIGHTS, -PICKLE, -INDEX, -SAFETENSORS, -WRAPPED and -LINK,
 * and QS-LFS-POINTER.
 */
export async function checkSnapshot(
  dir: string,
  choice: FileSelection = defaultFileSelection,
  only?: ReadonlySet<string>,
): Promise<Snapshot> {
  const names = new Set((await listFolder(dir)).filter((name) => only?.has(name) ?? !isExcluded(name, choice)));
  requireNoAdapter(dir, names);
  if (!names.has("config.json")) {
    throw new QuantsmithError("QS-FETCH-NO-CONFIG", `${dir} contains no config.json`, {
      remedy: [...names].some((name) => name.endsWith(".gguf"))
        ? "To start from a 16-bit GGUF file, name the file itself in `model.source`."
        : "Use the folder of a Hugging Face checkpoint, with config.json beside the weights.",
      at: { file: join(dir, "config.json") },
    });
  }
  const belongs = (name: string) => only !== undefined || isSelected(name, choice);
  const sideFiles = [...names].filter((name) => belongs(name) && !isWeightFile(name));
  const sizes = await checkFiles(dir, sideFiles);
  const { config, architecture } = await readConfig(join(dir, "config.json"));
  const { files: weights, shardOf } = await findWeights(dir, names, choice.allowUnsafe);
  for (const [name, size] of await checkFiles(dir, weights)) sizes.set(name, size);
  const { parameters, tensorBytes } = await checkWeightFiles(dir, { weights, sizes, shardOf, architecture });
  const files = [...sizes].map(([path, size]) => ({ path, size })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const unsafe = files.map(({ path }) => path).filter(isUnsafe);
  if (parameters === 0) {
    throw new QuantsmithError("QS-FETCH-NO-WEIGHTS", `the weight files in ${dir} contain no tensor values`, {
      remedy: "Download the weights from the model's original repository.",
      at: { file: dir },
    });
  }
  return { dir, files, config, architecture, parameters, tensorBytes, weights, unsafe };
}

/**
 * Verifies the weights file by file, against the index if there is one, and counts values and bytes. Keeps one header in
 * memory at a time, since there may be thousands. Counts a pickle as 16-bit values, unopened.
 */
async function checkWeightFiles(
  dir: string,
  found: {
    weights: readonly string[];
    sizes: ReadonlyMap<string, number>;
    shardOf: ReadonlyMap<string, string> | undefined;
    architecture: string;
  },
): Promise<Pick<Snapshot, "parameters" | "tensorBytes">> {
  const { weights, sizes, shardOf, architecture } = found;
  const shards = shardOf === undefined ? undefined : new ShardCheck(join(dir, indexFileName), shardOf);
  const counted = { parameters: 0, tensorBytes: 0 };
  for (const name of weights) {
    if (!name.endsWith(".safetensors")) {
      counted.tensorBytes += sizes.get(name) ?? 0;
      counted.parameters += Math.floor((sizes.get(name) ?? 0) / 2);
      continue;
    }
    const { tensors } = await readSafetensorsHeader(join(dir, name));
    requireUnwrapped(join(dir, name), tensors, architecture);
    shards?.add(name, tensors);
    for (const { elements, bytes } of tensors) {
      counted.parameters += elements;
      counted.tensorBytes += bytes;
    }
  }
  shards?.finish();
  return counted;
}

async function listFolder(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new QuantsmithError("QS-FETCH-MISSING", `cannot read the model folder ${dir}: ${systemReason(error)}`, {
      remedy: "Check the path: a local model is a folder with config.json.",
      cause: error,
    });
  }
}
