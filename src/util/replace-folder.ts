import { lstat, mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isMissing, isSystemError } from "./errors.js";
import {
  isPresent,
  keepSystemLeftovers,
  listEmptyFolders,
  listFiles,
  makeFolder,
  syncFolder,
  syncTree,
} from "./files.js";
import { keepPermissions } from "./keep-permissions.js";
import { type LockOptions, withLock } from "./lock.js";
import { sha256 } from "./sha256.js";
import { endSwap, findSwaps, recordState, type Swap, startSwap } from "./swap-record.js";

/*
 * Replacement of a whole folder. Node has no call that exchanges two folders, so there are two renames, and the next
 * process repairs what a killed one left. All names are hidden siblings, on the same file system as the folder:
 *
 *   .name.lock               one writer at a time
 *   .name.swap-<id>-<owner>  the record of a replacement; without it, the next two are somebody else's and stay
 *   .name.next-<id>          the new content; removable at any time
 *   .name.old-<id>           the former content; while next-<id> exists too, it is still the current content
 */

/**
 * What happens to the former content: "keep" renames it to `<path>.replaced-<number>`. A function throws if it must stay,
 * else it is removed; the function gets its temporary path. It runs again before the removal, because a program with its
 * working directory there can still write: what changed meanwhile is kept.
 */
export type OldContent = "keep" | ((old: string) => Promise<void>);

/**
 * Runs `work` as the only writer of a folder, after the repair of an interrupted replacement. Creates the parent.
 * Errors: system errors, the reason of `signal`.
 */
export async function withFolderLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  await makeFolder(dirname(path));
  return withLock(join(dirname(path), `.${basename(path)}.lock`), options, async () => {
    await repair(path);
    return work();
  });
}

/**
 * Replaces a folder, which may be missing, by the content that `build` writes into an empty one. The folder and equally
 * named files keep their permissions (`keepPermissions`), and the files that the system left behind stay. A kill or an
 * error at any moment leaves the complete old or new content. Returns the new path of kept old content. Requires the
 * folder's lock.
 */
export async function replaceFolder(
  path: string,
  build: (next: string) => Promise<void>,
  oldContent: OldContent,
): Promise<string | undefined> {
  const swap = await startSwap(path, oldContent === "keep");
  try {
    // Until the permissions are those of the old folder, nobody else may read the new files.
    await mkdir(swap.next, (await isPresent(path)) ? { mode: 0o700 } : {});
    await build(swap.next);
    await keepPermissions(path, swap.next);
    await syncTree(swap.next);
  } catch (error) {
    await abandon(swap).catch(() => undefined);
    throw error;
  }
  return exchange(path, swap, oldContent, () => rename(swap.next, path));
}

/**
 * Removes a folder as a whole, with the same guarantees; a folder with the files that the system left behind stays. Returns
 * the new path of kept content. Requires the folder's lock.
 */
export async function removeFolder(path: string, oldContent: OldContent): Promise<string | undefined> {
  const swap = await startSwap(path, oldContent === "keep");
  try {
    await mkdir(swap.next);
  } catch (error) {
    await abandon(swap).catch(() => undefined);
    throw error;
  }
  const finish = async () => {
    const isEmpty = (await readdir(swap.next)).length === 0;
    await (isEmpty ? rmdir(swap.next) : rename(swap.next, path));
  };
  return exchange(path, swap, oldContent, finish);
}

/** Moves the folder aside, and removes it or gives it a name after `finish`, which ends the existence of `next`. */
async function exchange(
  path: string,
  swap: Swap,
  oldContent: OldContent,
  finish: () => Promise<void>,
): Promise<string | undefined> {
  let existed = false;
  try {
    existed = await renameIfPresent(path, swap.old);
    if (existed && oldContent !== "keep") {
      await oldContent(swap.old);
      await keepSystemLeftovers(swap.old, swap.next);
      await recordState(swap, await folderState(swap.old));
    }
    await finish();
  } catch (error) {
    // If this fails, the record and `next` stay, so that the next process moves the folder back.
    if (existed) await rename(swap.old, path);
    await abandon(swap).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
  const keepsOld = swap.keepsOld || (existed && !(await mayRemove(swap.old, oldContent)));
  if (keepsOld) return discard(path, { ...swap, keepsOld });
  // What cannot be removed now, the next process removes.
  await discard(path, swap).catch(() => undefined);
  return undefined;
}

function mayRemove(old: string, check: OldContent): Promise<boolean> {
  if (check === "keep") return Promise.resolve(false);
  return check(old).then(
    () => true,
    () => false,
  );
}

/** Completes or undoes the replacement of a killed process, and removes its temporary folders. */
async function repair(path: string): Promise<void> {
  for (const swap of await findSwaps(path)) {
    const isInterrupted = (await isPresent(swap.old)) && (await isPresent(swap.next));
    if (isInterrupted) await moveBack(swap.old, path);
    // A program with its working folder there can have written since.
    const isChanged = (await isPresent(swap.old)) && (await folderState(swap.old)) !== swap.state;
    await discard(path, { ...swap, keepsOld: swap.keepsOld || isChanged });
  }
}

/** Returns the sha256 of the names, sizes, times and inodes in a folder. */
async function folderState(folder: string): Promise<string> {
  const lines = await listEmptyFolders(folder);
  for (const path of await listFiles(folder)) {
    const { size, mtimeNs, ino } = await lstat(join(folder, path), { bigint: true });
    lines.push(`${path}\0${size} ${mtimeNs} ${ino}`);
  }
  return sha256(lines.join("\0\0"));
}

/** Moves a former folder back to its path, or beside it if someone has created files there meanwhile. */
async function moveBack(old: string, path: string): Promise<void> {
  try {
    await rename(old, path);
  } catch (error) {
    if (!isSystemError(error) || !["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(error.code ?? "")) throw error;
    await rename(old, await unusedPath(path));
  }
}

/** Returns the first path `<path>.replaced-<number>` at which nothing exists. */
export async function unusedPath(path: string): Promise<string> {
  for (let count = 1; ; count++) {
    const candidate = `${path}.replaced-${count}`;
    if (!(await isPresent(candidate))) return candidate;
  }
}

/**
 * Removes or keeps the former content, and ends the replacement. Returns the new path of kept content. Renames first: a
 * partly removed folder must never be moved back.
 */
async function discard(path: string, swap: Swap): Promise<string | undefined> {
  const renamed = swap.keepsOld ? await unusedPath(path) : swap.next;
  const existed = await renameIfPresent(swap.old, renamed);
  await abandon(swap);
  return existed && swap.keepsOld ? renamed : undefined;
}

/** Removes the new content, and ends the replacement. */
async function abandon(swap: Swap): Promise<void> {
  await rm(swap.next, { recursive: true, force: true });
  await endSwap(swap);
}

async function renameIfPresent(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
