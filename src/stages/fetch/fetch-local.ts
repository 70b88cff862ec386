import { mkdir, realpath, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256ByPath, writeSnapshotReport } from "../../checkpoint/snapshot-report.js";
import { type Operation, requiredInput } from "../stage.js";
import { checkSource, checkSourceWeights, type SourceParams } from "./check-source.js";

/**
 * Checks a local checkpoint folder, or a GGUF file in a folder, and links to its files, without copies.
 * Input `folder`; outputs `snapshot/` and `snapshot.json`. Errors: QS-FETCH-*, QS-GGUF-*.
 */
export const fetchLocal: Operation<SourceParams> = {
  stage: "fetch",
  version: 4,
  resource: "io",
  tools: [],
  async run(params, context) {
    const { files, gguf } = params;
    const folder = await realpath(requiredInput(context, "folder"));
    const progress = { done: 0, total: files.length, unit: "file" as const };
    const snapshot = await checkSource(folder, params);
    if (params.checkWeights !== "none") context.progress({ ...progress, note: "checking the weights for NaN" });
    await checkSourceWeights(folder, snapshot, params.checkWeights, { signal: context.signal });
    for (const [index, file] of files.entries()) {
      const link = join(context.out, "snapshot", file.path);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(folder, file.path), link);
      context.progress({ ...progress, done: index + 1 });
    }
    const source = gguf === undefined ? "local folder" : `local file ${gguf[0]}`;
    await writeSnapshotReport(context.out, { source, commit: null, files }, snapshot);
    // The linked files may have changed since they were planned.
    return { expectedDigests: sha256ByPath(files) };
  },
};
