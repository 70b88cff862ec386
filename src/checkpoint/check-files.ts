import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { isSystemError, QuantsmithError } from "../util/errors.js";

/**
 * Sizes in bytes of the named files of a model folder, by name. Throws QS-FETCH-LINK for a link that
 * leads out of the folder or to nothing, and for anything but a regular file.
 */
export async function checkFiles(dir: string, names: readonly string[]): Promise<Map<string, number>> {
  const roots = await allowedRoots(dir);
  const sizes = new Map<string, number>();
  for (const name of names) {
    const path = join(dir, name);
    const target = await resolve(path);
    if (!roots.some((root) => target.startsWith(root + sep))) throw badFile(path, "leads out of the model folder");
    const found = await stat(target);
    if (!found.isFile()) throw badFile(path, "is not a regular file");
    sizes.set(name, found.size);
  }
  return sizes;
}

async function resolve(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isSystemError(error)) throw badFile(path, "leads to no readable file", error);
    throw error;
  }
}

/**
 * The folder itself and, for a snapshot in a Hugging Face cache (`models--<repo>/snapshots/<commit>`), the places where
 * the cache keeps the content its links point to: the repository's blobs and those that all repositories share.
 */
async function allowedRoots(dir: string): Promise<string[]> {
  const root = await realpath(dir);
  const snapshots = dirname(root);
  if (basename(snapshots) !== "snapshots") return [root];
  const repo = dirname(snapshots);
  return [root, join(repo, "blobs"), ...(basename(repo).startsWith("models--") ? [join(dirname(repo), "blobs")] : [])];
}

function badFile(path: string, what: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-FETCH-LINK", `${path} ${what}`, {
    remedy: "Put the file itself into the folder. A file from elsewhere could end up in a published model.",
    at: { file: path },
    cause,
  });
}
