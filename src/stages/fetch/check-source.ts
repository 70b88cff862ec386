import { join } from "node:path";
import { checkSnapshot, type Snapshot } from "../../checkpoint/check-snapshot.js";
import { checkTensors, checkWeights, type WeightsCheck } from "../../checkpoint/check-weights.js";
import { defaultFileSelection } from "../../checkpoint/file-selection.js";
import { checkGguf, type GgufSnapshot } from "../../checkpoint/gguf/check-gguf.js";
import type { SnapshotFile } from "../../checkpoint/snapshot-report.js";
import type { JsonObject } from "../../util/canonical-json.js";

/** What a fetch step requires of a model, wherever it comes from. */
export interface SourceParams extends JsonObject {
  /** The files of the model, sorted by path; the key contains their digests instead of the folder's path. */
  files: readonly SnapshotFile[];
  /** Of a GGUF source: its splits in order, one for a single file. Absent for a checkpoint. */
  gguf?: readonly string[];
  allowUnsafe: boolean;
  checkWeights: WeightsCheck;
}

/** Verifies a checkpoint or a GGUF source from its headers. Throws QS-FETCH-*, QS-GGUF-*, QS-CONVERT-TOKENIZER. */
export function checkSource(
  folder: string,
  { files, gguf, allowUnsafe }: SourceParams,
): Promise<Snapshot | GgufSnapshot> {
  if (gguf !== undefined) return checkGguf(folder, gguf);
  return checkSnapshot(folder, { ...defaultFileSelection, allowUnsafe }, new Set(files.map(({ path }) => path)));
}

/** Checks the weights of either for NaN and infinity. Throws QS-FETCH-NAN. */
export async function checkSourceWeights(
  folder: string,
  source: Snapshot | GgufSnapshot,
  check: WeightsCheck,
  options: { signal: AbortSignal },
): Promise<void> {
  if (!("headers" in source)) return checkWeights(folder, source.weights, check, options);
  for (const [index, { tensors }] of source.headers.entries()) {
    const stored = tensors.map(({ type, ...tensor }) => ({ ...tensor, dtype: type.name }));
    await checkTensors(join(folder, source.weights[index] ?? ""), stored, check, options);
  }
}
