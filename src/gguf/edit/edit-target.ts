import { lstat, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { missingGguf } from "../errors.js";

/** Which file an edit reads and which it writes, both behind all symbolic links. */
export interface EditTarget {
  source: string;
  target: string;
  inPlace: boolean;
}

/** Finds the files of an edit. Errors: QS-GGUF-MISSING, QS-USAGE for an `out` that is there or cannot be made. */
export async function editTarget(path: string, out: string | undefined): Promise<EditTarget> {
  const source = await realpath(path).catch((error: unknown) => {
    throw missingGguf(path, "no such file", error);
  });
  if (out === undefined) return { source, target: source, inPlace: true };
  await requireFree(out);
  const folder = await realpath(dirname(resolve(out))).catch(() => undefined);
  if (folder === undefined || !(await stat(folder)).isDirectory()) {
    throw new QuantsmithError("QS-USAGE", `--out ${out} lies in a folder that is not there`, {
      remedy: "Make the folder first, or name a file in another one.",
    });
  }
  return { source, target: join(folder, basename(out)), inPlace: false };
}

/** Refuses to write over what has the name already, a link that leads nowhere included. Errors: QS-USAGE. */
export async function requireFree(out: string): Promise<void> {
  const found = await lstat(out).catch(() => undefined);
  if (found === undefined) return;
  const message = found.isDirectory() ? `--out ${out} is a folder` : `--out ${out} is there already`;
  throw new QuantsmithError("QS-USAGE", message, {
    remedy: "Name a file that is not there yet; without --out the file itself is edited.",
  });
}

/** Asked of the mode, not of the system, which lets an administrator write everything. */
export async function requireWritable(path: string): Promise<void> {
  if (((await stat(path)).mode & 0o222) !== 0) return;
  throw new QuantsmithError("QS-EDIT-READ-ONLY", `${path} is read-only`, {
    remedy: "Write the edited file elsewhere with --out, or make this one writable with `chmod u+w`.",
    at: { file: path },
  });
}
