import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isSystemError } from "./errors.js";
import { makeFolder, syncFolder, syncTree } from "./files.js";
import { type LockOptions, withLock } from "./lock.js";

/*
 * Replacement of a whole folder. Node has no call that exchanges two folders, so there are two renames, and the next
 * process repairs what a killed one left. All names are hidden siblings, on the same file system as the folder:
 *
 *   .name.lock        one writer at a time
 *   .name.next-<id>   the new content; removable at any time
 *   .name.old-<id>    the former content; while next-<id> exists too, it is still the current content
 */

/** Throws if a folder must stay. It gets the folder's temporary path, where no other program writes. */
export type CheckOld = (old: string) => Promise<void>;

/**
 * Runs `work` as the only writer of a folder, after the repair of an interrupted replacement. Creates the parent.
 * Errors: system errors, the reason of `signal`.
 */
export async function withFolderLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  await makeFolder(dirname(path));
  return withLock(sibling(path, "lock"), options, async () => {
    await repair(path);
    return work();
  });
}

/**
 * Replaces a folder, which may be missing, by the content that `build` writes into an empty one. A kill or an error at
 * any moment leaves the complete old or new content. Requires the folder's lock.
 */
export async function replaceFolder(
  path: string,
  build: (next: string) => Promise<void>,
  checkOld: CheckOld,
): Promise<void> {
  const { next, old } = temporaryNames(path);
  try {
    await mkdir(next);
    await build(next);
    await syncTree(next);
  } catch (error) {
    await remove(next).catch(() => undefined);
    throw error;
  }
  await swap(path, { next, old }, checkOld, () => rename(next, path));
}

/** Removes a folder as a whole, with the same guarantees. Requires the folder's lock. */
export async function removeFolder(path: string, checkOld: CheckOld): Promise<void> {
  const { next, old } = temporaryNames(path);
  await mkdir(next);
  await swap(path, { next, old }, checkOld, () => rmdir(next));
}

interface TemporaryNames {
  next: string;
  old: string;
}

/** Moves the folder aside, and removes it after `finish`, which ends the existence of `next`. */
async function swap(
  path: string,
  { next, old }: TemporaryNames,
  checkOld: CheckOld,
  finish: () => Promise<void>,
): Promise<void> {
  let existed = false;
  try {
    existed = await renameIfPresent(path, old);
    if (existed) await checkOld(old);
    await finish();
  } catch (error) {
    // If this fails, `next` stays, so that the next process moves the folder back.
    if (existed) await rename(old, path);
    await remove(next).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
  // What cannot be removed now, the next process removes.
  if (existed) await discard({ next, old }).catch(() => undefined);
}

/** Completes or undoes the replacement of a killed process, and removes its temporary folders. */
async function repair(path: string): Promise<void> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.`;
  const names = new Set((await readdir(folder)).filter((name) => name.startsWith(prefix)));
  const ids = (kind: string) =>
    [...names].flatMap((name) => new RegExp(`^${kind}-([0-9a-f]{8})$`).exec(name.slice(prefix.length))?.[1] ?? []);
  for (const id of ids("old")) {
    const old = sibling(path, `old-${id}`);
    const next = sibling(path, `next-${id}`);
    if (names.has(basename(next))) await rename(old, path);
    else await discard({ next, old });
  }
  for (const id of ids("next")) await remove(sibling(path, `next-${id}`));
}

/** Renames first: a partly removed folder must never be moved back. */
async function discard({ next, old }: TemporaryNames): Promise<void> {
  await rename(old, next);
  await remove(next);
}

const remove = (folder: string) => rm(folder, { recursive: true, force: true });

function temporaryNames(path: string): TemporaryNames {
  const id = randomBytes(4).toString("hex");
  return { next: sibling(path, `next-${id}`), old: sibling(path, `old-${id}`) };
}

function sibling(path: string, suffix: string): string {
  return join(dirname(path), `.${basename(path)}.${suffix}`);
}

async function renameIfPresent(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return false;
    throw error;
  }
}
