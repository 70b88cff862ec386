import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { findWeights } from "../checkpoint/find-weights.js";
import { readSafetensorsHeader, type SafetensorsTensor } from "../checkpoint/safetensors.js";
import { indexFileName, ShardCheck } from "../checkpoint/weight-index.js";
import { quote } from "../util/quote.js";
import { requireSupportedFiles } from "./check-native.js";
import { badWeights, nativeUnsupported } from "./native-errors.js";

/** Scales of an FP8 matrix: one for each block of `rows` by `columns`, row by row. */
export interface Fp8Scales {
  tensor: CheckpointTensor;
  rows: number;
  columns: number;
}

export interface CheckpointTensor extends SafetensorsTensor {
  /** The tensor's file. */
  path: string;
  /** Set for a matrix in FP8. */
  scales?: Fp8Scales;
}

/** Matches tensors of vision and audio towers and of their projectors. */
const tower = /vision_|vision\.|visual\.|audio_|audio\.|projector\./;

/**
 * Lists the tensors of a checkpoint in the order of llama.cpp's converter: file by file, by name. Reads only headers.
 * With `multimodal`, skips towers and strips the language model's prefix from names.
 * Throws QS-FETCH-*, QS-CONVERT-WEIGHTS and QS-CONVERT-NATIVE.
 */
export async function readCheckpoint(folder: string, multimodal: boolean): Promise<CheckpointTensor[]> {
  const names = new Set(await readdir(folder));
  requireSupportedFiles(names);
  const { files, shardOf } = await findWeights(folder, names, true);
  const pickle = files.find((file) => !file.endsWith(".safetensors"));
  if (pickle !== undefined) throw nativeUnsupported(`does not support pickled weights such as ${quote(pickle)}`);
  const check = shardOf === undefined ? undefined : new ShardCheck(join(folder, indexFileName), shardOf);
  const found = new Map<string, CheckpointTensor>();
  for (const file of files) {
    const path = join(folder, file);
    const { tensors } = await readSafetensorsHeader(path);
    check?.add(file, tensors);
    for (const tensor of tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = languageName(tensor.name, multimodal);
      if (name === undefined) continue;
      if (found.has(name)) throw badWeights(`${quote(name)} occurs twice`);
      found.set(name, { ...tensor, name, path });
    }
  }
  check?.finish();
  return [...found.values()];
}

/** Returns a tensor's name in the language model; undefined for a tower's tensor. */
export function languageName(name: string, multimodal: boolean): string | undefined {
  if (!multimodal) return name;
  return tower.test(name) ? undefined : name.replace("language_model.", "");
}
