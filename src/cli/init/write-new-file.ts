import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { makeFolder, writeFileAtomic } from "../../util/files.js";

/**
 * Writes a file for the user. Overwrites an existing file only if `force` is set or `mayReplace` returns true for its
 * text. Errors: QS-INIT-EXISTS.
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
    throw new QuantsmithError(
      "QS-INIT-EXISTS",
      `${path} already exists and was not written by quantsmith, or was edited`,
      {
        remedy: "Move the file, or overwrite it with `--force`.",
      },
    );
  }
  await makeFolder(dirname(path));
  await writeFileAtomic(path, text);
  return "written";
}
