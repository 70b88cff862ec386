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
import { type CheckpointOutline, outlineCheckpoint, startSurvey } from "./outline/checkpoint-outline.js";
import { modelOptFile, parseSideFile } from "./outline/side-files.js";
import { quantizationConfig } from "./outline/weight-format.js";
import { readConfig } from "./read-config.js";
import { requireNoAdapter } from "./require-no-adapter.js";
import { readSafetensorsHeader, type SafetensorsTensor } from "./safetensors.js";
import { isSnapshotFile, isSnapshotFolder } from "./snapshot-files.js";
import { indexFileName, ShardCheck } from "./weight-index.js";
import { requireUnwrapped } from "./wrapped-weights.js";

export interface Snapshot {
  dir: string;
  /** The files of the snapshot. Tools must run on a folder with only these files. */
  files: { path: string; size: number }[];
  config: JsonObject;
  /** `architectures[0]` of the configuration. */
  architecture: string;
  /** Weights of the model, unpacked and without scales; for pickles, an estimate. */
  parameters: number;
  /** Bytes of all tensors. */
  tensorBytes: number;
  /** Names of the weight files in use. */
  weights: string[];
  /** Files that can run code when a tool opens them; empty without `allowUnsafe`. */
  unsafe: string[];
  outline: CheckpointOutline;
}

/** What a checkpoint's header states about a tensor, without its place. */
export type TensorHeader = Pick<SafetensorsTensor, "name" | "dtype" | "shape">;

/** Reads a checkpoint's headers, file by file, while they are checked. */
export interface HeaderReader {
  /** `modelOpt`: the settings in ModelOpt's hf_quant_config.json; undefined without the file. */
  start(config: JsonObject, modelOpt: JsonObject | undefined): void;
  add(tensors: readonly TensorHeader[]): void;
}

/**
 * Verifies a local checkpoint folder before any tool opens it: configuration, weights and index are present, complete and
 * consistent, and no link points outside the folder. Reads only headers.
 * `only` restricts the snapshot to these names; `reader` gets the headers.
 *
 * Throws QS-FETCH-MISSING, -ADAPTER, -NO-CONFIG, -CONFIG, -NO-WEIGHTS, -PICKLE, -INDEX, -SAFETENSORS, -WRAPPED and -LINK,
 * and QS-LFS-POINTER.
 */
export async function checkSnapshot(
  dir: string,
  choice: FileSelection = defaultFileSelection,
  only?: ReadonlySet<string>,
  reader?: HeaderReader,
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
  const modelOpt = sizes.has(modelOptFile) ? await parseSideFile(join(dir, modelOptFile)) : undefined;
  const survey = startSurvey(config, modelOpt);
  reader?.start(config, modelOpt);
  const add = (tensors: readonly SafetensorsTensor[]) => {
    survey.add(tensors);
    reader?.add(tensors);
  };
  const unread = (bytes: number) => survey.addUnread(bytes);
  const isCounted = await surveyWeights(dir, { weights, sizes, shardOf, architecture }, { add, unread });
  const totals = survey.finish(quantizationConfig(config, modelOpt).method);
  const { parameters, tensorBytes } = totals;
  const files = [...sizes].map(([path, size]) => ({ path, size })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const unsafe = files.map(({ path }) => path).filter(isUnsafe);
  if (parameters === 0) {
    throw new QuantsmithError("QS-FETCH-NO-WEIGHTS", `the weight files in ${dir} contain no tensor values`, {
      remedy: "Download the weights from the model's original repository.",
      at: { file: dir },
    });
  }
  const outline = outlineCheckpoint({ config, architecture, modelOpt }, totals, isCounted);
  return { dir, files, config, architecture, parameters, tensorBytes, weights, unsafe, outline };
}

/**
 * Verifies the weights file by file, against the index if there is one, and adds them to the survey and the reader. Keeps one header in
 * memory at a time, since there may be thousands. Returns false if there are pickles, which are not opened.
 */
async function surveyWeights(
  dir: string,
  {
    weights,
    sizes,
    shardOf,
    architecture,
  }: {
    weights: readonly string[];
    sizes: ReadonlyMap<string, number>;
    shardOf: ReadonlyMap<string, string> | undefined;
    architecture: string;
  },
  survey: { add(tensors: readonly SafetensorsTensor[]): void; unread(bytes: number): void },
): Promise<boolean> {
  const shards = shardOf === undefined ? undefined : new ShardCheck(join(dir, indexFileName), shardOf);
  for (const name of weights) {
    if (!name.endsWith(".safetensors")) {
      survey.unread(sizes.get(name) ?? 0);
      continue;
    }
    const { tensors } = await readSafetensorsHeader(join(dir, name));
    requireUnwrapped(join(dir, name), tensors, architecture);
    shards?.add(name, tensors);
    survey.add(tensors);
  }
  shards?.finish();
  return weights.every((name) => name.endsWith(".safetensors"));
}

/** Lists the files of a folder, and those of its subfolders that can belong to a snapshot. */
async function listFolder(dir: string): Promise<string[]> {
  try {
    const names = await readdir(dir);
    const inner = await Promise.all(
      names.filter(isSnapshotFolder).map(async (folder) => {
        // A file of that name has no entries.
        const entries = await readdir(join(dir, folder)).catch(() => []);
        return entries.map((entry) => `${folder}/${entry}`).filter(isSnapshotFile);
      }),
    );
    return [...names, ...inner.flat()];
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new QuantsmithError("QS-FETCH-MISSING", `cannot read the model folder ${dir}: ${systemReason(error)}`, {
      remedy: "Check the path: a local model is a folder with config.json.",
      cause: error,
    });
  }
}
