import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { listFiles } from "../../util/files.js";
import type { ReleaseFiles } from "./release-source.js";
import { errorProblem, type VerifyProblem } from "./verify-report.js";

/** What git, Hugging Face's own client and macOS keep in a folder; a model there is nobody's housekeeping. */
const ignoredPaths = /^(?:\.git|\.cache\/huggingface)\/|(?:^|\/)\.DS_Store$/;

/**
 * The regular files of a release folder, and what else lies there. Only regular files may be opened: opening a pipe waits
 * for ever. A link to a file counts as that file.
 */
export async function listFolder(folder: string): Promise<ReleaseFiles> {
  const root = await realpath(folder);
  const files: ReleaseFiles["files"] = [];
  const problems: VerifyProblem[] = [];
  for (const path of await listFiles(folder)) {
    if (ignoredPaths.test(path) && !/\.gguf$/i.test(path)) continue;
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() !== true) {
      const what = found === undefined ? "a link that leads nowhere" : found.isDirectory() ? "a link to a folder" : "";
      const message = `${path} is ${what === "" ? "no regular file" : what}`;
      problems.push(errorProblem("QS-VERIFY-FILE", path, message, "Remove it; a release holds regular files only."));
      continue;
    }
    files.push({ path, bytes: found.size });
    const target = await realpath(join(folder, path));
    if (target.startsWith(`${root}${sep}`)) continue;
    const remedy = "Put the file itself in its place before you hand the folder on.";
    const message = `${path} is a link that leads out of the folder`;
    problems.push({ ...errorProblem("QS-VERIFY-FILE", path, message, remedy), severity: "warning" });
  }
  return { files, problems };
}
