import { lstat, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isCacheBlob } from "../../util/cache-blob.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { missingGguf } from "../errors.js";

/** The file that an edit reads and the file that it writes, with symbolic links resolved. */
export interface EditTarget {
  source: string;
  target: string;
  inPlace: boolean;
}

/** Resolves the paths of an edit. Errors: QS-GGUF-MISSING, QS-USAGE for an `out` that exists or cannot be created. */
export async function editTarget(path: string, out: string | undefined): Promise<EditTarget> {
  const source = await realpath(path).catch((error: unknown) => {
    throw missingGguf(path, "no such file", error);
  });
  if (out === undefined) return { source, target: source, inPlace: true };
  await requireFree(out);
  const folder = await realpath(dirname(resolve(out))).catch(() => undefined);
  if (folder === undefined || !(await stat(folder)).isDirectory()) {
    throw new QuantsmithError("QS-USAGE", `the folder of --out ${quote(out)} does not exist`, {
      remedy: "Create the folder, or choose another one.",
    });
  }
  return { source, target: join(folder, basename(out)), inPlace: false };
}

/** Fails if the path exists, even as a dangling symbolic link. Errors: QS-USAGE. */
export async function requireFree(out: string): Promise<void> {
  const found = await lstat(out).catch(() => undefined);
  if (found === undefined) return;
  const message = found.isDirectory() ? `${quote(out)} is a folder` : `${quote(out)} already exists`;
  throw new QuantsmithError("QS-USAGE", message, { remedy: "Choose a path that does not exist with `--out`." });
}

/**
 * Rejects a read-only file, by its mode bits, because access(2) lets root write to any file, and a file of a Hugging Face
 * cache. Errors: QS-EDIT-READ-ONLY.
 */
export async function requireWritable(path: string): Promise<void> {
  if (isCacheBlob(path)) {
    throw new QuantsmithError("QS-EDIT-READ-ONLY", `${path} is in a Hugging Face cache, which other programs use`, {
      remedy: "Write to another file with `--out`.",
      at: { file: path },
    });
  }
  if (((await stat(path)).mode & 0o222) !== 0) return;
  throw new QuantsmithError("QS-EDIT-READ-ONLY", `${path} is read-only`, {
    remedy: "Write to another file with `--out`, or make this one writable with `chmod u+w`.",
    at: { file: path },
  });
}
