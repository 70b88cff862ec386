import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Checkpoint } from "./checkpoint.js";
import { checkpoints, makeCheckpoint } from "./make-checkpoint.js";
import { type TrainedModel, trainedModels } from "./trained-models.js";

/** Everything that both converters are compared on. */
export const snapshots: readonly (Checkpoint | TrainedModel)[] = [...checkpoints, ...trainedModels];

/** The folder of a checkpoint, made inside `folder` unless it is a trained one; undefined when that is not there. */
export async function findSnapshot(folder: string, one: Checkpoint | TrainedModel): Promise<string | undefined> {
  if ("folder" in one) return existsSync(one.folder) ? one.folder : undefined;
  const path = join(folder, one.name);
  await makeCheckpoint(path, one);
  return path;
}
