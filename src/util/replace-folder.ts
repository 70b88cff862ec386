import { lstat, mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isMissing, isSystemError, QuantsmithError } from "./errors.js";
import {
  isPresent,
  keepSystemLeftovers,
  lstatIfPresent,
  makeFolder,
  renameToNew,
  syncFolder,
  syncTree,
} from "./files.js";
import { keepPermissions } from "./keep-permissions.js";
import { type LockOptions, withLock } from "./lock.js";
import { describeContent, removeDescribed } from "./recorded-content.js";
import { endSwap, findSwaps, recordContent, type Swap, startSwap } from "./swap-record.js";

/*
 * Replacement of a whole folder. Node has no call that exchanges two folders, so there are two renames, and the next
 * process repairs what a killed one left. All names are hidden siblings, on the same file system as the folder:
 *
 *   .name.lock               one writer at a time
 *   .name.swap-<id>-<owner>  the record of a replacement; without it, the next two are somebody else's and stay
 *   .name.next-<id>          the new content; removable at any time
 *   .name.old-<id>           the former content; while next-<id> exists too, it is still the current content. Without
 *                            it, what the record lists is removed
 *
 * A process that was suspended can lose the lock, and the next one removes its temporary folders. So none of them is created
 * again, and the lock is checked directly before each rename.
 */

/** A folder whose lock this process has. */
export interface LockedFolder {
  path: string;
  /** For a check directly before a change. Throws QS-ENV-LOCK if the lock is lost. */
  requireHeld: () => void;
}

/** A file of a new folder. */
export interface NewFile {
  /** Relative path. */
  path: string;
  bytes: number;
}

/**
 * What happens to the former content: "keep" renames it to `<path>.replaced-<number>`. A function throws if it must stay,
 * else it is removed; the function gets its temporary path. A program with its working directory there can still write:
 * what it adds or changes meanwhile is not removed, but renamed as with "keep", and so is what the system refuses to remove.
 */
export type OldContent = "keep" | ((old: string) => Promise<void>);

/**
 * Runs `work` as the only writer of a folder, after the repair of an interrupted replacement. Creates the parent.
 * Errors: system errors, QS-ENV-LOCK, the reason of `signal`.
 */
export async function withFolderLock<T>(
  path: string,
  options: LockOptions,
  work: (folder: LockedFolder) => Promise<T>,
): Promise<T> {
  await makeFolder(dirname(path));
  return withLock(join(dirname(path), `.${basename(path)}.lock`), options, async ({ isHeld }) => {
    const requireHeld = () => {
      if (!isHeld()) throw lockLost(path);
    };
    const folder = { path, requireHeld };
    try {
      await repair(folder);
      return await work(folder);
    } catch (error) {
      // The process that took the lock over has removed our temporary files.
      if (isMissing(error)) requireHeld();
      throw error;
    }
  });
}

function lockLost(path: string): QuantsmithError {
  const reason = "this process stalled, and another one took the lock over, or the folder was moved";
  return new QuantsmithError("QS-ENV-LOCK", `lost the lock of ${path}: ${reason}`, {
    remedy: "Try again. This process has replaced nothing since.",
    at: { file: path },
  });
}

/**
 * Replaces a folder, which may be missing, by the content that `build` writes into an empty one, and returns the list of:
 * `build` must not create that folder again if it is removed. The folder and equally named files keep their permissions
 * (`keepPermissions`), and the files that the system left behind stay. A kill or an error at any moment leaves the complete
 * old or new content. Returns the new path of kept old content. Errors: system errors, QS-ENV-LOCK, QS-ENV-FILE if the new
 * content is not whole.
 */
export async function replaceFolder(
  folder: LockedFolder,
  build: (next: string) => Promise<readonly NewFile[]>,
  oldContent: OldContent,
): Promise<string | undefined> {
  const { path } = folder;
  const swap = await startSwap(path, oldContent === "keep");
  try {
    // Until the permissions are those of the old folder, nobody else may read the new files.
    await mkdir(swap.next, (await isPresent(path)) ? { mode: 0o700 } : {});
    const files = await build(swap.next);
    await keepPermissions(path, swap.next);
    await syncTree(swap.next);
    await requireWhole(path, swap.next, files);
  } catch (error) {
    await abandon(swap).catch(() => undefined);
    throw error;
  }
  return exchange(folder, swap, oldContent, () => rename(swap.next, path));
}

/** Throws QS-ENV-FILE if another program has removed or changed new files. */
async function requireWhole(path: string, next: string, files: readonly NewFile[]): Promise<void> {
  for (const file of files) {
    const found = await lstatIfPresent(join(next, file.path));
    if (found?.isFile() && found.size === file.bytes) continue;
    const what = found === undefined ? "removed" : "changed";
    throw new QuantsmithError("QS-ENV-FILE", `another program ${what} ${file.path} of the new content of ${path}`, {
      remedy: "Find out which program that was, then try again. The old content is unchanged.",
      at: { file: path },
    });
  }
}

/**
 * Removes a folder as a whole, with the same guarantees; a folder with the files that the system left behind stays. Returns
 * the new path of kept content. Errors: system errors, QS-ENV-LOCK.
 */
export async function removeFolder(folder: LockedFolder, oldContent: OldContent): Promise<string | undefined> {
  const { path } = folder;
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
  return exchange(folder, swap, oldContent, finish);
}

/** Moves the folder aside, and removes it or gives it a name after `finish`, which ends the existence of `next`. */
async function exchange(
  { path, requireHeld }: LockedFolder,
  swap: Swap,
  oldContent: OldContent,
  finish: () => Promise<void>,
): Promise<string | undefined> {
  let existed = false;
  let content: string | undefined;
  try {
    requireHeld();
    existed = await renameIfPresent(path, swap.old);
    if (existed && oldContent !== "keep") {
      const states = await describeContent(swap.old);
      for (const rest of await keepSystemLeftovers(swap.old, swap.next)) states.delete(rest);
      content = [...states.values()].join("");
      await oldContent(swap.old);
      await recordContent(swap, content);
    }
    requireHeld();
    await finish();
  } catch (error) {
    // If this fails, the record and `next` stay, so that the next process moves the folder back.
    if (existed) await moveBack(swap.old, path).catch(unlessMissing);
    await abandon(swap).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
  const discarded = discard(path, { ...swap, ...(content !== undefined && { content }) });
  // What cannot be removed now, the next process removes.
  return swap.keepsOld ? discarded : discarded.catch(() => undefined);
}

/** Ignores that the process which took the lock over has already moved the folder back. */
function unlessMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

/** Completes or undoes the replacement of a killed process, and removes its temporary folders. */
async function repair({ path, requireHeld }: LockedFolder): Promise<void> {
  for (const swap of await findSwaps(path)) {
    requireHeld();
    const isInterrupted = (await isPresent(swap.old)) && (await isPresent(swap.next));
    if (isInterrupted) await moveBack(swap.old, path);
    await discard(path, swap);
  }
}

/** Moves what was at a path back there, or beside it if someone has created files there meanwhile. */
async function moveBack(old: string, path: string): Promise<void> {
  try {
    // A renamed file or link would replace another one.
    await ((await lstat(old)).isDirectory() ? rename(old, path) : renameToNew(old, path));
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

/** Removes or keeps the former content, and ends the replacement. Returns the new path of kept content. */
async function discard(path: string, swap: Swap): Promise<string | undefined> {
  const { old, content } = swap;
  const isRemoved = content !== undefined && (await isPresent(old)) && (await removeDescribed(old, content));
  const renamed = isRemoved ? undefined : await renameAside(old, path);
  await abandon(swap);
  return renamed;
}

/** Gives former content an unused name beside its path. Returns that, or undefined if there is no former content. */
async function renameAside(old: string, path: string): Promise<string | undefined> {
  const renamed = await unusedPath(path);
  return (await renameIfPresent(old, renamed)) ? renamed : undefined;
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
