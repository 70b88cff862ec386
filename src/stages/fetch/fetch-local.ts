import { mkdir, realpath, stat, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type SnapshotFile, sha256ByPath, writeSnapshotReport } from "../../checkpoint/snapshot-report.js";
import { inputChanged } from "../input-changed.js";
import { type Operation, type OperationReport, requiredInput, type StageContext } from "../stage.js";
import { checkSource, checkSourceWeights, type SourceParams } from "./check-source.js";

/**
 * Checks a local checkpoint folder, or a GGUF file in a folder, and links to its files, without copies.
 * Input `folder`; outputs `snapshot/` and `snapshot.json`. Errors: QS-FETCH-*, QS-GGUF-*, QS-INPUT-CHANGED.
 */
export const fetchLocal: Operation<SourceParams> = {
  stage: "fetch",
  version: 4,
  resource: "io",
  tools: [],
  async run(params, context) {
    const folder = requiredInput(context, "folder");
    try {
      return await linkFolder(params, context, folder);
    } catch (error) {
      const changed = await changedFile(folder, params.files);
      throw changed === undefined ? error : inputChanged(fetchLocal.stage, changed, error);
    }
  },
};

async function linkFolder(params: SourceParams, context: StageContext, path: string): Promise<OperationReport> {
  const { files, gguf } = params;
  const folder = await realpath(path);
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
}

/** Returns the path of a file that is missing, not regular or of another size than planned. */
async function changedFile(folder: string, files: readonly SnapshotFile[]): Promise<string | undefined> {
  for (const { path, bytes } of files) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() !== true || found.size !== bytes) return path;
  }
  return undefined;
}
