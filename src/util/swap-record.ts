import { randomBytes } from "node:crypto";
import { lstat, open, readdir, unlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isMissing } from "./errors.js";
import { lstatIfPresent, syncFolder } from "./files.js";
import { isOwnUid } from "./own-entry.js";
import { contentPattern } from "./recorded-content.js";
import { readRegular } from "./regular-file.js";

/*
 * Before a folder is replaced, an empty file `.name.swap-<id>-<owner>` records the id of its temporary folders, which no
 * other program can guess, and the user id of the old folder; `-keep` at its end, that the old folder stays under another
 * name. Before the new folder is in place, the content of the old one is written into it. Only temporary folders with a record
 * are ever moved or removed. The record is removed last.
 */

/** Far more than the description of any release. */
const maxContentBytes = 16e6;

/** A replacement in progress, or one that was interrupted. */
export interface Swap {
  /** The new content. */
  next: string;
  /** The former content. */
  old: string;
  /** Its existence is the record. */
  record: string;
  /** The former content gets another name instead of being removed. */
  keepsOld: boolean;
  /** The former content that may be removed, lines of `describeContent`; absent before `recordContent`. */
  content?: string;
}

/** Records the start of a replacement; creates neither folder. Errors: system errors. */
export async function startSwap(path: string, keepsOld: boolean): Promise<Swap> {
  const id = randomBytes(16).toString("hex");
  const found = await lstat(path).catch(() => undefined);
  const swap = swapOf(path, id, found?.uid ?? process.geteuid?.() ?? 0, keepsOld);
  await (await open(swap.record, "wx", 0o600)).close();
  try {
    await syncFolder(dirname(path));
  } catch (error) {
    await endSwap(swap).catch(() => undefined);
    throw error;
  }
  return swap;
}

/** Records the former content that may be removed. Throws ENOENT if another process has ended the replacement. */
export async function recordContent({ record }: Swap, content: string): Promise<void> {
  await writeFile(record, content, { flag: "r+", flush: true });
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
    const end = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    const [, id, owner, keep] = /^([0-9a-f]{32})-(\d+)(-keep)?$/.exec(end) ?? [];
    if (id === undefined) continue;
    const swap = swapOf(path, id, Number(owner), keep !== undefined);
    const record = await lstat(swap.record);
    if (!record.isFile() || record.size > maxContentBytes || !(await isOwnUid(record.uid, dirname(path)))) continue;
    const content = (await readRegular(swap.record)).toString("latin1");
    if (!contentPattern.test(content)) continue;
    // Others see the id in a shared folder, and could create folders with these names.
    const owners = [record.uid, Number(owner)];
    const uids = await Promise.all([swap.next, swap.old].map(async (each) => (await lstatIfPresent(each))?.uid));
    if (uids.every((uid) => uid === undefined || owners.includes(uid)))
      swaps.push({ ...swap, ...(content !== "" && { content }) });
  }
  return swaps;
}

function swapOf(path: string, id: string, owner: number, keepsOld: boolean): Swap {
  const sibling = (suffix: string) => join(dirname(path), `.${basename(path)}.${suffix}`);
  const record = sibling(`swap-${id}-${owner}${keepsOld ? "-keep" : ""}`);
  return { next: sibling(`next-${id}`), old: sibling(`old-${id}`), record, keepsOld };
}
