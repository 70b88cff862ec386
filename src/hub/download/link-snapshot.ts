import { randomBytes } from "node:crypto";
import { readlink, realpath, rename, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { lstatIfPresent, writeFileAtomic } from "../../util/files.js";
import { sha256File } from "../../util/sha256.js";
import { requireNoFolder, wrongKind } from "./cache-error.js";
import type { RepoCache } from "./cache-layout.js";
import { makeRepoFolder } from "./make-repo-folder.js";

/**
 * Links a blob into a snapshot under its file name. The link is relative, so that the cache can be moved. A file with other
 * content, such as one that an editor wrote in place of the link, is not replaced.
 * Errors: QS-ENV-CACHE, Node's errors of the disk.
 */
export async function linkSnapshotFile(cache: RepoCache, blob: string, commit: string, path: string): Promise<void> {
  const link = join(cache.snapshot(commit), path);
  const target = relative(dirname(link), blob);
  const isLinked = (await readlink(link).catch(() => "")) === target;
  if (!isLinked) {
    await requireNoFolder(link);
    await makeRepoFolder(cache, dirname(link));
  }
  // A folder that is a link to one of another repository has other blobs, which nobody verified.
  const leadsTo = await realpath(join(await realpath(dirname(link)), target)).catch(() => undefined);
  if (leadsTo !== (await realpath(blob)))
    throw wrongKind(dirname(link), "it is a link to a folder of another repository");
  if (isLinked) return;
  if (await isFileOfOthers(link, blob)) throw wrongKind(link, "it is a file with other content, not a link");
  // Renamed into place, so that concurrent readers find the old or the new link.
  const temporary = `${link}.${process.pid}.${randomBytes(4).toString("hex")}`;
  await symlink(target, temporary);
  await rename(temporary, link);
}

async function isFileOfOthers(path: string, blob: string): Promise<boolean> {
  if ((await lstatIfPresent(path))?.isFile() !== true) return false;
  return (await sha256File(path)) !== (await sha256File(blob));
}

/** Stores the commit of a branch or tag; does nothing for a commit. */
export async function writeRef(cache: RepoCache, revision: string, commit: string): Promise<void> {
  if (revision === commit) return;
  const path = cache.ref(revision);
  await makeRepoFolder(cache, dirname(path));
  await writeFileAtomic(path, commit);
}
