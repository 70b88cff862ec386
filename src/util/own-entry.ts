import type { Stats } from "node:fs";
import { lstat, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { createProbe } from "./probe-folder.js";

/*
 * Some file systems show all files as those of one user, or with the same permissions. There, an entry counts as this
 * user's if a new one would look the same.
 */

/** Whether a file or folder belongs to this user; does not follow links. Rejects with Node's errors. */
export async function isOwnEntry(path: string): Promise<boolean> {
  return isOwnUid((await lstat(path)).uid, dirname(path));
}

/** Whether files with this owner in this folder are of this user. */
export async function isOwnUid(uid: number, folder: string): Promise<boolean> {
  return uid === process.geteuid?.() || uid === (await newEntry(folder))?.uid;
}

/** Whether a file in this folder belongs to this user, and no other user may write to it. */
export async function isOnlyOurs({ uid, mode }: Pick<Stats, "uid" | "mode">, folder: string): Promise<boolean> {
  const others = mode & 0o022;
  if (uid === process.geteuid?.() && others === 0) return true;
  const usual = await newEntry(folder);
  return usual !== undefined && uid === usual.uid && (others & ~usual.mode) === 0;
}

/** Returns owner and mode of new private folders in a folder; undefined if none can be created. */
async function newEntry(folder: string): Promise<Stats | undefined> {
  try {
    const probe = await createProbe(folder, "owner");
    const found = await lstat(probe);
    await rmdir(probe);
    return found;
  } catch {
    return undefined;
  }
}
