import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { makeFolder, writeFileAtomic } from "../../util/files.js";

/**
 * Writes a file for the user to keep. What is there already is replaced only when `force` is set or `mayReplace` says
 * of its text that nothing of the user's is lost. Errors: QS-INIT-EXISTS.
 */
export async function writeNewFile(
  path: string,
  text: string,
  { force, mayReplace }: { force: boolean; mayReplace: (present: string) => boolean },
): Promise<"written" | "unchanged"> {
  const present = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (present === text) return "unchanged";
  if (present !== undefined && !force && !mayReplace(present)) {
    throw new QuantsmithError("QS-INIT-EXISTS", `${path} is there and is not as quantsmith wrote it`, {
      remedy: "Move it away, or replace it with --force.",
    });
  }
  await makeFolder(dirname(path));
  await writeFileAtomic(path, text);
  return "written";
}
