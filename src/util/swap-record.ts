import { randomBytes } from "node:crypto";
import { lstat, open, readdir, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isMissing } from "./errors.js";
import { lstatIfPresent, syncFolder } from "./files.js";
import { isOwnUid } from "./own-entry.js";

/*
 * Before a folder is replaced, an empty file `.name.swap-<id>-<owner>` records the id of its temporary folders, which no
 * other program can guess, and the user id of the old folder. Only temporary folders with a record are ever moved or
 * removed. The record is removed last.
 */

/** A replacement in progress, or one that was interrupted. */
export interface Swap {
  /** The new content. */
  next: string;
  /** The former content. */
  old: string;
  /** Its existence is the record. */
  record: string;
}

/** Records the start of a replacement; creates neither folder. Errors: system errors. */
export async function startSwap(path: string): Promise<Swap> {
  const id = randomBytes(16).toString("hex");
  const found = await lstat(path).catch(() => undefined);
  const swap = swapOf(path, id, found?.uid ?? process.geteuid?.() ?? 0);
  await (await open(swap.record, "wx", 0o600)).close();
  try {
    await syncFolder(dirname(path));
  } catch (error) {
    await endSwap(swap).catch(() => undefined);
    throw error;
  }
  return swap;
}

/** Ends a replacement, whose temporary folders are gone. */
export async function endSwap({ record }: Swap): Promise<void> {
  await unlink(record).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

/** Returns the interrupted replacements of a folder by this user. */
export async function findSwaps(path: string): Promise<Swap[]> {
  const prefix = `.${basename(path)}.swap-`;
  const swaps: Swap[] = [];
  for (const name of await readdir(dirname(path))) {
    const [, id, owner] = /^([0-9a-f]{32})-(\d+)$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : "") ?? [];
    if (id === undefined) continue;
    const swap = swapOf(path, id, Number(owner));
    const record = await lstat(swap.record);
    if (!record.isFile() || record.size > 0 || !(await isOwnUid(record.uid, dirname(path)))) continue;
    // Others see the id in a shared folder, and could create folders with these names.
    const owners = [record.uid, Number(owner)];
    const uids = await Promise.all([swap.next, swap.old].map(async (each) => (await lstatIfPresent(each))?.uid));
    if (uids.every((uid) => uid === undefined || owners.includes(uid))) swaps.push(swap);
  }
  return swaps;
}

function swapOf(path: string, id: string, owner: number): Swap {
  const sibling = (suffix: string) => join(dirname(path), `.${basename(path)}.${suffix}`);
  return { next: sibling(`next-${id}`), old: sibling(`old-${id}`), record: sibling(`swap-${id}-${owner}`) };
}
