import { realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { repositoryRoot } from "../../util/repository-root.js";

/**
 * True for a file whose real path, behind links, is outside a folder and its git repository: the folder of the file that
 * names it, or of the user's own path. Errors repeat no text of it, since others choose which file it is. False for a
 * missing file.
 */
export async function isForeign(path: string, folder: string): Promise<boolean> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return false;
  const root = repositoryRoot(resolve(folder));
  const way = relative(await realpath(root).catch(() => root), real);
  return isAbsolute(way) || way.split(sep)[0] === "..";
}
