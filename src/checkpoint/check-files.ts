import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { isSystemError, QuantsmithError } from "../util/errors.js";
import { requireNoPointer } from "../util/lfs-pointer.js";

/**
 * Returns the sizes in bytes of the named files in a model folder. Throws QS-FETCH-LINK for a broken link, a link that
 * points outside the folder and `also`, or to a hidden file in it, and anything but a regular file; QS-LFS-POINTER.
 */
export async function checkFiles(
  dir: string,
  names: readonly string[],
  also: readonly string[] = [],
): Promise<Map<string, number>> {
  const roots = [...(await allowedRoots(dir)), ...also];
  const sizes = new Map<string, number>();
  for (const name of names) {
    const path = join(dir, name);
    const target = await resolve(path);
    const root = roots.find((one) => target.startsWith(one + sep));
    if (root === undefined) throw badFile(path, "points outside the model folder");
    // Such as .git/config, which can contain the credentials of a clone.
    if (target.slice(root.length).includes(`${sep}.`)) throw badFile(path, "points to a hidden file");
    const found = await stat(target);
    if (!found.isFile()) throw badFile(path, "is not a regular file");
    await requireNoPointer(path);
    sizes.set(name, found.size);
  }
  return sizes;
}

async function resolve(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isSystemError(error)) throw badFile(path, "does not point to a readable file", error);
    throw error;
  }
}

/**
 * Returns the folder itself and, for a snapshot in a Hugging Face cache (`models--<repo>/snapshots/<commit>`), the
 * targets of the cache's links: the blobs of the repository and those shared by all repositories.
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
    remedy: "Replace the link with a copy of the file, so that no other file is published.",
    at: { file: path },
    cause,
  });
}
