import { mkdir, realpath, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkSnapshot } from "../../checkpoint/check-snapshot.js";
import { checkWeights, type WeightsCheck } from "../../checkpoint/check-weights.js";
import { defaultFileSelection } from "../../checkpoint/file-selection.js";
import { type SnapshotFile, sha256ByPath, writeSnapshotReport } from "../../checkpoint/snapshot-report.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { type Operation, requiredInput } from "../stage.js";

export interface FetchLocalParams extends JsonObject {
  /** The files of the checkpoint, sorted by path; the key contains their digests instead of the folder's path. */
  files: readonly SnapshotFile[];
  allowUnsafe: boolean;
  checkWeights: WeightsCheck;
}

/**
 * Checks a local checkpoint folder and links to its files, without copies.
 * Input `folder`; outputs `snapshot/` and `snapshot.json`. Errors: QS-FETCH-*.
 */
export const fetchLocal: Operation<FetchLocalParams> = {
  stage: "fetch",
  version: 3,
  resource: "io",
  tools: [],
  async run({ files, allowUnsafe, checkWeights: check }, context) {
    const folder = await realpath(requiredInput(context, "folder"));
    const only = new Set(files.map(({ path }) => path));
    const snapshot = await checkSnapshot(folder, { ...defaultFileSelection, allowUnsafe }, only);
    await checkWeights(folder, snapshot.weights, check, { signal: context.signal });
    for (const [index, file] of files.entries()) {
      const link = join(context.out, "snapshot", file.path);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(folder, file.path), link);
      context.progress({ done: index + 1, total: files.length, unit: "file" });
    }
    await writeSnapshotReport(context.out, { source: "local folder", commit: null, files }, snapshot);
    // The linked files may have changed since they were planned.
    return { expectedDigests: sha256ByPath(files) };
  },
};
