import { lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { isSystemError } from "./errors.js";
import { isPresent } from "./files.js";
import { mountPoints } from "./mount-points.js";
import { withOpenedFolder } from "./opened-folder.js";
import { sha256 } from "./sha256.js";

/*
 * What was in a folder at one time, as one line per file or folder: the sha256 of its path, size and modification time, its
 * hard links and its ctime. As in `isUntouched`, a new ctime beside another number of links is not a change.
 */

/** The format of a description: lines of `describeContent`. */
export const contentPattern = /^(?:[0-9a-f]{64} \d+ \d+\n)*$/;

/**
 * Returns the states of a folder, whose path is `""`, and of all folders and the files with `includes` in it, by relative path: a
 * line each, without the name. Errors: system errors.
 */
export async function describeContent(
  folder: string,
  includes: (path: string) => boolean = () => true,
): Promise<Map<string, string>> {
  const describe = async (path: string): Promise<[string, string][]> => {
    const { id, links, ctime, isFolder } = await describeEntry(join(folder, path), path);
    return isFolder || includes(path) ? [[path, `${id} ${links} ${ctime}\n`]] : [];
  };
  return new Map((await Promise.all((await listEntries(folder)).map(describe))).flat());
}

/**
 * Removes the files that are as described, and the described folders that are empty then. Returns whether the whole folder
 * is gone; everything else stays, also everything in a folder with a mount point, what the system refuses to remove, and what
 * is behind a link that takes the place of a folder meanwhile (where the system has no /proc, this is followed). Errors: system
 * errors.
 */
export async function removeDescribed(folder: string, described: string): Promise<boolean> {
  if ((await mountPoints(folder)).length > 0) return false;
  const lines = described.split("\n").map((line) => line.split(" "));
  const known = new Map(lines.map(([id = "", links, ctime]) => [id, { links, ctime }]));
  const isUntouched = ({ id, links, ctime }: EntryState) => {
    const before = known.get(id);
    return before !== undefined && (before.ctime === ctime || before.links !== links);
  };
  /** `at` leads to the folder with the relative path `path`. */
  const remove = async (at: string, path: string): Promise<void> => {
    await withOpenedFolder(at, async (place) => {
      for (const name of await readdir(place)) {
        const [entry, below] = [join(place, name), join(path, name)];
        const state = await describeEntry(entry, below);
        if (state.isFolder) await remove(entry, below).catch(unlessExchanged);
        else if (isUntouched(state)) await unlink(entry);
      }
    });
    if (known.has(folderId(path))) await rmdir(at).catch(unlessFilled);
  };
  await remove(folder, "").catch(unlessExchanged).catch(unlessRefused);
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

/** Describes what is at `at`, under the name of its relative path. */
async function describeEntry(at: string, path: string): Promise<EntryState> {
  const state = await lstat(at, { bigint: true });
  // Folders change with what is in them.
  if (state.isDirectory()) return { id: folderId(path), links: "0", ctime: "0", isFolder: true };
  const { size, mtimeNs, nlink, ctimeNs } = state;
  return { id: sha256(`${path}\0${size} ${mtimeNs}`), links: String(nlink), ctime: String(ctimeNs), isFolder: false };
}

const folderId = (path: string) => sha256(`${path}\0folder`);

/** Ignores errors with some codes. */
const except = (codes: readonly string[]) => (error: unknown) => {
  if (!isSystemError(error) || !codes.includes(error.code ?? "")) throw error;
};

const unlessFilled = except(["ENOTEMPTY", "EEXIST"]);
const unlessExchanged = except(["ELOOP", "ENOTDIR"]);
const unlessRefused = except(["EACCES", "EPERM", "EBUSY"]);
