import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { isCacheBlob } from "../../util/cache-blob.js";
import { listFiles } from "../../util/files.js";
import type { ReleaseFiles } from "./release-source.js";
import { errorProblem, type VerifyProblem } from "./verify-report.js";

/** Housekeeping files of git and the Hugging Face client; GGUF files there are still listed. */
const ignoredPaths = /^(?:\.git|\.cache\/huggingface)\//;

/**
 * Lists the regular files of a release folder, and reports everything else. Only regular files may be opened: opening a
 * pipe blocks. A link counts as its file in the folder, in a Hugging Face cache, or if it is that of a GGUF file: lines of
 * other files would get into messages.
 */
export async function listFolder(folder: string): Promise<ReleaseFiles> {
  const root = await realpath(folder);
  const files: ReleaseFiles["files"] = [];
  const problems: VerifyProblem[] = [];
  for (const path of await listFiles(folder)) {
    if (ignoredPaths.test(path) && !/\.gguf$/i.test(path)) continue;
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() !== true) {
      const what = found === undefined ? "a broken link" : found.isDirectory() ? "a link to a folder" : "";
      const message = `${path} is ${what === "" ? "not a regular file" : what}`;
      problems.push(
        errorProblem("QS-VERIFY-FILE", path, message, "Remove it: a release may contain only regular files."),
      );
      continue;
    }
    const target = await realpath(join(folder, path));
    const isInside = target.startsWith(`${root}${sep}`);
    const isRead = isInside || isCacheBlob(target) || /\.gguf$/i.test(path);
    if (isRead) files.push({ path, bytes: found.size });
    if (isInside) continue;
    const remedy = "Replace the link with the file before you share the folder.";
    const message = `${path} is a link to a file outside the folder`;
    problems.push({
      ...errorProblem("QS-VERIFY-FILE", path, message, remedy),
      severity: isRead ? "warning" : "error",
    });
  }
  return { files, problems };
}
