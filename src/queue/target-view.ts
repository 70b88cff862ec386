import { constants } from "node:fs/promises";
import { join } from "node:path";
import { listFiles } from "../util/files.js";
import { openRegular } from "../util/regular-file.js";

/*
 * A mount that resolves links, as of bindfs or Samba, shows links to the files of a release as regular files. Only while the
 * release is at another path, they cannot be opened.
 */

/** Returns the sizes of the files at a target, by path; undefined if one cannot be opened. */
export async function openedSizes(target: string): Promise<Map<string, number> | undefined> {
  try {
    const sizes = new Map<string, number>();
    for (const path of await listFiles(target)) sizes.set(path, await openedSize(join(target, path)));
    return sizes;
  } catch {
    return undefined;
  }
}

/** Whether the files at a target can still be opened with the same sizes. */
export async function stillOpens(target: string, sizes: ReadonlyMap<string, number> | undefined): Promise<boolean> {
  for (const [path, bytes] of sizes ?? []) {
    if ((await openedSize(join(target, path)).catch(() => undefined)) !== bytes) return false;
  }
  return sizes !== undefined;
}

/** With other flags than those of a former reader, whose open file a network disk would give again. */
async function openedSize(path: string): Promise<number> {
  const file = await openRegular(path, constants.O_SYNC);
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
