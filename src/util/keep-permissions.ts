import { chmod, lchown, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "./errors.js";

/**
 * Gives a new folder, and the files and folders in it, the permissions, owner and group of those with the same name in an
 * old folder, if that exists. An owner that this user cannot set stays. No one may read or write more than before: a file
 * whose group cannot be kept gives the new group what everybody has, and a file with other hard links only loses rights.
 */
export async function keepPermissions(old: string, next: string): Promise<void> {
  const before = await lstat(old).catch((error: unknown) => {
    if (isSystemError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  });
  if (before === undefined) return;
  const now = await lstat(next);
  if (now.isDirectory()) {
    for (const name of await readdir(next)) await keepPermissions(join(old, name), join(next, name));
  }
  const sameKind = now.isDirectory() ? before.isDirectory() : before.isFile() && now.isFile();
  if (!sameKind) return;
  let mode = before.mode & 0o7777;
  if (now.isFile() && now.nlink > 1) mode &= now.mode;
  else if (!(await changeOwner(next, now, before))) mode &= ~0o6070 | ((mode & 0o007) << 3);
  // A change of the owner may have cleared bits.
  if (mode !== ((await lstat(next)).mode & 0o7777)) await chmod(next, mode);
}

interface Owners {
  uid: number;
  gid: number;
}

/** Returns whether the path now has the group of `before`. */
async function changeOwner(path: string, now: Owners, before: Owners): Promise<boolean> {
  const change = (uid: number, gid: number) =>
    lchown(path, uid, gid).then(
      () => true,
      () => false,
    );
  if (now.uid === before.uid && now.gid === before.gid) return true;
  return (await change(before.uid, before.gid)) || now.gid === before.gid || (await change(now.uid, before.gid));
}
