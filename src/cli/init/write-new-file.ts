import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isMissing, isSystemError, QuantsmithError } from "../../util/errors.js";
import { makeFolder, writeFileAtomic } from "../../util/files.js";
import { openRegular } from "../../util/regular-file.js";

/**
 * Writes a file for the user. Overwrites an existing file only if `force` is set or `mayReplace` returns true for its
 * text; that keeps its permissions. Errors: QS-INIT-EXISTS, also for a folder or a device.
 */
export async function writeNewFile(
  path: string,
  text: string,
  { force, mayReplace }: { force: boolean; mayReplace: (present: string) => boolean },
): Promise<"written" | "unchanged"> {
  const present = await readPresent(path);
  if (present === text) return "unchanged";
  if (present !== undefined && !force && !mayReplace(present)) throw exists(path);
  await makeFolder(dirname(path));
  const mode = present === undefined ? {} : { mode: (await stat(path)).mode & 0o777 };
  await writeFileAtomic(path, text, { isNew: present === undefined && !force, ...mode }).catch((error: unknown) => {
    throw isSystemError(error) && error.code === "EEXIST" ? exists(path) : error;
  });
  return "written";
}

function exists(path: string): QuantsmithError {
  return new QuantsmithError(
    "QS-INIT-EXISTS",
    `${path} already exists and was not written by quantsmith, or was edited`,
    {
      remedy: "Move the file, or overwrite it with `--force`.",
    },
  );
}

/** Reads the present file; undefined if there is none. Reading a device such as /dev/full would not end. */
async function readPresent(path: string): Promise<string | undefined> {
  try {
    const file = await openRegular(path);
    return await file.readFile("utf8").finally(() => file.close());
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (!isSystemError(error) || !["EISDIR", "ENXIO"].includes(error.code ?? "")) throw error;
    throw new QuantsmithError("QS-INIT-EXISTS", `${path} is not a regular file`, {
      remedy: "Choose another path with `--out`.",
    });
  }
}
