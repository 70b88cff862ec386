import type { Stats } from "node:fs";
import { chmod, lchown, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Acl, readAcls, writeAcl } from "./acl.js";
import { isSystemError } from "./errors.js";

/**
 * Gives a new folder, and the files and folders in it, the permissions, ACL, owner and group of those with the same name in
 * an old folder, if that exists. An owner that this user cannot set stays. No one may read or write more than before: a
 * file whose group or ACL cannot be kept gives the group what everybody has, and a file with other hard links only loses
 * rights.
 */
export async function keepPermissions(old: string, next: string): Promise<void> {
  const pairs = await findPairs(old, next);
  const acls = await readAcls([...pairs.map((pair) => pair.old), ...pairs.map((pair) => pair.next)]);
  for (const [i, pair] of pairs.entries()) await keep(pair, acls[i], acls[pairs.length + i]);
}

/** A file or folder that replaces one of the same kind. */
interface Pair {
  old: string;
  next: string;
  before: Stats;
  now: Stats;
}

/** Returns the new files and folders that have an old one; a folder after its content. */
async function findPairs(old: string, next: string): Promise<Pair[]> {
  const before = await lstat(old).catch((error: unknown) => {
    if (isSystemError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  });
  if (before === undefined) return [];
  const now = await lstat(next);
  const pairs: Pair[] = [];
  if (now.isDirectory()) {
    for (const name of await readdir(next)) pairs.push(...(await findPairs(join(old, name), join(next, name))));
  }
  const sameKind = now.isDirectory() ? before.isDirectory() : before.isFile() && now.isFile();
  return sameKind ? [...pairs, { old, next, before, now }] : pairs;
}

async function keep({ next, before, now }: Pair, acl: Acl, inherited: Acl): Promise<void> {
  let mode = before.mode & 0o7777;
  if (now.isFile() && now.nlink > 1) {
    mode = now.mode & (acl !== undefined && acl === inherited ? mode : limitGroup(mode));
  } else {
    const keepsGroup = await changeOwner(next, now, before);
    if (!keepsGroup) mode &= ~0o6000;
    const keepsAcl = await changeAcl(next, keepsGroup ? acl : acl && limitGroupEntries(acl), inherited);
    if (!keepsAcl || (acl === "" && !keepsGroup)) mode = limitGroup(mode);
  }
  // A change of the owner may have cleared bits.
  if (mode !== ((await lstat(next)).mode & 0o7777)) await chmod(next, mode);
}

/** Gives the group what everybody has. */
function limitGroup(mode: number): number {
  return (mode & ~0o070) | ((mode & 0o007) << 3);
}

function limitGroupEntries(acl: string): string {
  const limit = (entries: string, kind: "" | "default:") => {
    const others = new RegExp(`^${kind}other::(.*)$`, "m").exec(entries)?.[1];
    return entries.replace(new RegExp(`^${kind}group::.*$`, "m"), `${kind}group::${others}`);
  };
  return limit(limit(acl, ""), "default:");
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

/** Returns whether the path now has the ACL. */
async function changeAcl(path: string, acl: Acl, inherited: Acl): Promise<boolean> {
  if (acl === undefined) return false;
  return (acl === "" && inherited === "") || writeAcl(path, acl);
}
