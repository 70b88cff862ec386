import { stat } from "node:fs/promises";
import path from "node:path";
import { cacheFolder } from "../../util/cache-folder.js";
import { QuantsmithError } from "../../util/errors.js";

/**
 * Throws QS-CACHE-OWNER if another user can replace the programs in this folder of the cache: it or a folder above, up to
 * the cache folder, belongs to a user other than this one or root, or everybody may write to it. Its group is trusted.
 */
export async function requireOwnFolder(folder: string): Promise<void> {
  const top = cacheFolder();
  for (let each = folder; each === top || each.startsWith(`${top}${path.sep}`); each = path.dirname(each)) {
    const found = await stat(each).catch(() => undefined);
    if (found !== undefined && isOpen(found)) {
      throw new QuantsmithError("QS-CACHE-OWNER", `another user can replace programs in ${each}`, {
        remedy: "Set `QUANTSMITH_CACHE` to a folder of this user, or correct the folder's owner and permissions.",
      });
    }
  }
}

function isOpen({ uid, mode }: { uid: number; mode: number }): boolean {
  const isForeign = uid !== 0 && uid !== process.getuid?.();
  // With the sticky bit, as in /tmp, users can replace only their own files.
  const isWritable = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
  return isForeign || isWritable;
}
