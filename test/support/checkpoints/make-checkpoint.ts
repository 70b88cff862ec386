import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeRandomCheckpoint } from "../../../bench/convert/random-checkpoint.js";
import type { Checkpoint } from "./checkpoint.js";
import { gemmaCheckpoints } from "./gemma.js";
import { llamaCheckpoints } from "./llama.js";
import { phiCheckpoints } from "./phi.js";
import { qwenCheckpoints } from "./qwen.js";
import { writeTokenizer } from "./write-tokenizer.js";

/** A small checkpoint of every family that is converted without Python, in the forms they come in. */
export const checkpoints: readonly Checkpoint[] = [
  ...llamaCheckpoints,
  ...qwenCheckpoints,
  ...gemmaCheckpoints,
  ...phiCheckpoints,
];

/** Makes `folder` and in it a checkpoint as it would be downloaded: at most 50 MB, the same bytes every time. */
export async function makeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(folder);
  const files = { "config.json": checkpoint.config, ...checkpoint.extra };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content, null, 2));
  }
  await writeTokenizer(folder, checkpoint.tokenizer, checkpoint.tokenizerConfig);
  await writeRandomCheckpoint(folder, checkpoint.tensors, checkpoint.files);
}
