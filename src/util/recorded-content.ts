import { lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { isSystemError } from "./errors.js";
import { isPresent } from "./files.js";
import { mountPoints } from "./mount-points.js";
import { sha256 } from "./sha256.js";

/*
 * What was in a folder at one time, as one line per file or folder: the sha256 of its path, size and modification time, its
 * hard links and its ctime. As in `isUntouched`, a new ctime beside another number of links is not a change.
 */

/** The format of a description: lines of `describeContent`. */
export const contentPattern = /^(?:[0-9a-f]{64} \d+ \d+\n)*$/;

/**
 * Returns the states of a folder, whose path is `""`, and of all files and folders in it, by relative path: a line each, without
 * the name. Errors: system errors.
 */
export async function describeContent(folder: string): Promise<Map<string, string>> {
  const describe = async (path: string): Promise<[string, string]> => {
    const { id, links, ctime } = await describeEntry(folder, path);
    return [path, `${id} ${links} ${ctime}\n`];
  };
  return new Map(await Promise.all((await listEntries(folder)).map(describe)));
}

/**
 * Removes the files that are as described, and the described folders that are empty then. Returns whether the whole folder
 * is gone; everything else stays, also everything in a folder with a mount point. Errors: system errors.
 */
export async function removeDescribed(folder: string, described: string): Promise<boolean> {
  if ((await mountPoints(folder)).length > 0) return false;
  const lines = described.split("\n").map((line) => line.split(" "));
  const known = new Map(lines.map(([id = "", links, ctime]) => [id, { links, ctime }]));
  // A folder comes after what is in it.
  for (const path of (await listEntries(folder)).reverse()) {
    const { id, links, ctime, isFolder } = await describeEntry(folder, path);
    const before = known.get(id);
    const isUntouched = before !== undefined && (before.ctime === ctime || before.links !== links);
    if (!isUntouched) continue;
    await (isFolder ? removeEmpty(join(folder, path)) : unlink(join(folder, path)));
  }
  return !(await isPresent(folder));
}

/** Returns the relative paths of all files, links and folders below a folder, sorted, after `""` for the folder itself. */
async function listEntries(folder: string): Promise<string[]> {
  // Without types, Node lists what is behind a link to a folder, too.
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return ["", ...entries.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort()];
}

interface EntryState {
  id: string;
  links: string;
  ctime: string;
  isFolder: boolean;
}

async function describeEntry(folder: string, path: string): Promise<EntryState> {
  const state = await lstat(join(folder, path), { bigint: true });
  // Folders change with what is in them.
  if (state.isDirectory()) return { id: sha256(`${path}\0folder`), links: "0", ctime: "0", isFolder: true };
  const { size, mtimeNs, nlink, ctimeNs } = state;
  return { id: sha256(`${path}\0${size} ${mtimeNs}`), links: String(nlink), ctime: String(ctimeNs), isFolder: false };
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!isSystemError(error) || (error.code !== "ENOTEMPTY" && error.code !== "EEXIST")) throw error;
  });
}
