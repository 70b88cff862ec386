import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { findWeights } from "../checkpoint/find-weights.js";
import { readSafetensorsHeader, type SafetensorsTensor } from "../checkpoint/safetensors.js";
import { indexFileName, ShardCheck } from "../checkpoint/weight-index.js";
import { quote } from "../util/quote.js";
import { refuseFiles } from "./check-native.js";
import { badWeights, nativeUnsupported } from "./native-errors.js";

export interface CheckpointTensor extends SafetensorsTensor {
  /** The file it is in. */
  path: string;
}

/** What belongs to a vision or audio tower, or to what joins it to the language model. */
const tower = /vision_|vision\.|visual\.|audio_|audio\.|projector\./;

/**
 * Lists the tensors of a checkpoint in the order in which llama.cpp's converter takes them: file by file, by name.
 * Only headers are read. With `multimodal` towers are left out and the language model's tensors have the names that
 * they have in a model without. Throws QS-FETCH-*, QS-CONVERT-WEIGHTS and QS-CONVERT-NATIVE.
 */
export async function readCheckpoint(folder: string, multimodal: boolean): Promise<CheckpointTensor[]> {
  const names = new Set(await readdir(folder));
  refuseFiles(names);
  const { files, shardOf } = await findWeights(folder, names, true);
  const pickle = files.find((file) => !file.endsWith(".safetensors"));
  if (pickle !== undefined) throw nativeUnsupported(`does not open pickled weights such as ${pickle}`);
  const check = shardOf === undefined ? undefined : new ShardCheck(join(folder, indexFileName), shardOf);
  const found = new Map<string, CheckpointTensor>();
  for (const file of files) {
    const path = join(folder, file);
    const { tensors } = await readSafetensorsHeader(path);
    check?.add(file, tensors);
    for (const tensor of tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (multimodal && tower.test(tensor.name)) continue;
      const name = multimodal ? tensor.name.replace("language_model.", "") : tensor.name;
      if (found.has(name)) throw badWeights(`${quote(name)} is there twice`);
      found.set(name, { ...tensor, name, path });
    }
  }
  check?.finish();
  return [...found.values()];
}
