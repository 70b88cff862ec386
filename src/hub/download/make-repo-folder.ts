import { lstat, mkdir } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { isOwnUid } from "../../util/own-entry.js";
import type { RepoCache } from "./cache-layout.js";

/**
 * Creates a folder of a repository in the cache. Follows a link at or below the cache folder only if it belongs to this
 * user or root: in a cache of several users, another one could point to files of this user. Errors: QS-ENV-CACHE, system errors.
 */
export async function makeRepoFolder({ root }: RepoCache, folder: string): Promise<void> {
  let parent = dirname(root);
  for (const name of relative(parent, folder).split(sep)) {
    const each = join(parent, name);
    const found = await lstat(each).catch(() => undefined);
    if (found?.isSymbolicLink() && found.uid !== 0 && !(await isOwnUid(found.uid, parent))) {
      throw new QuantsmithError("QS-ENV-CACHE", `${each} in the Hugging Face cache is a link of another user`, {
        remedy: "Remove it, or set `HF_HUB_CACHE` to a folder of this user.",
      });
    }
    parent = each;
  }
  await mkdir(folder, { recursive: true });
}
