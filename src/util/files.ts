import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { constants, link, lstat, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { copyRegular } from "./copy-file.js";
import { isMissing, isSystemError } from "./errors.js";
import { withOpenedFolder } from "./opened-folder.js";
import { addingLink } from "./own-links.js";
import { isLeftProbe } from "./probe-folder.js";
import { openRegular } from "./regular-file.js";
import { isSystemLeftover } from "./system-files.js";

export interface WriteOptions {
  /** Throws EEXIST for an existing file, also one that appears meanwhile. */
  isNew?: boolean;
  /** Permissions, less the umask. */
  mode?: number;
}

/** Writes a file atomically: after a crash it contains either the old or the complete new content. */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  { isNew = false, mode = 0o666 }: WriteOptions = {},
): Promise<void> {
  const temporary = `${temporaryPrefix(path)}${process.pid}.${randomBytes(16).toString("hex")}`;
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await (isNew ? renameToNew(temporary, path) : rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Renames a file; throws EEXIST if anything is at the new path, which `rename` would replace. */
export async function renameToNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isLinkRefused(error)) throw error;
    await copyRegular(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await syncFile(to);
  }
  await rm(from, { force: true });
}

/** Removes what killed calls of `writeFileAtomic` left; no other process may be writing the file. */
export async function removeUnfinishedWrites(path: string): Promise<void> {
  const prefix = basename(temporaryPrefix(path));
  for (const entry of await readdir(dirname(path), { withFileTypes: true })) {
    const { name } = entry;
    const isTemporary = name.startsWith(prefix) && temporaryEnd.test(name.slice(prefix.length)) && entry.isFile();
    if (isTemporary) await rm(join(dirname(path), name), { force: true });
  }
}

const temporaryEnd = /^\d+\.[0-9a-f]{32}$/;

function temporaryPrefix(path: string): string {
  return join(dirname(path), `.${basename(path)}.`);
}

/** Flushes renames and new names of a folder to the disk; does nothing on file systems that reject it. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    if (!isSystemError(error) || (error.code !== "EINVAL" && error.code !== "EPERM")) throw error;
  } finally {
    await folder.close();
  }
}

/** Flushes one file's content to the disk. */
export async function syncFile(path: string): Promise<void> {
  const file = await openRegular(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Flushes a folder with all its files and folders to the disk, but nothing behind links. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    await (entry.isDirectory() ? syncFolder(path) : syncFile(path));
  }
  await syncFolder(folder);
}

/**
 * Returns the relative paths of all files below a folder, sorted, with `/`, without what the system left behind; links to
 * files count as files.
 */
export async function listFiles(folder: string): Promise<string[]> {
  return (await listAllFiles(folder)).filter((path) => !isSystemLeftover(path));
}

/**
 * Gives a folder hard links to the files, or copies of them, that the system left behind in another one. Returns the paths of
 * those that it cannot have, since the system refuses the hard link, as for another user's, and it is no readable regular
 * file: a link is not followed, not even one that takes the name of a folder meanwhile (where the system has no /proc, it is).
 */
export async function keepSystemLeftovers(from: string, to: string, below = ""): Promise<string[]> {
  return withOpenedFolder(from, async (place) => {
    const rest: string[] = [];
    for (const entry of await readdir(place, { withFileTypes: true })) {
      const path = join(below, entry.name);
      try {
        if (entry.isDirectory()) rest.push(...(await keepSystemLeftovers(join(place, entry.name), to, path)));
        else if (isSystemLeftover(path)) await linkOrCopyIn(to, path, join(place, entry.name), constants.O_NOFOLLOW);
      } catch (error) {
        if (!isSystemError(error) || !refusals.has(error.code ?? "")) throw error;
        rest.push(path);
      }
    }
    return rest;
  });
}

const refusals = new Set(["ELOOP", "ENXIO", "EISDIR", "EACCES", "ENOTDIR"]);

/** As `listFiles`, with what the system left behind. */
export async function listAllFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/**
 * Returns the relative paths of all folders below a folder that contain nothing, sorted, with `/` also at their end, without
 * those that a killed process created to see what the file system does.
 */
export async function listEmptyFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const filled = new Set(entries.map(({ parentPath }) => join(parentPath)));
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !filled.has(path) && !isLeftProbe(path))
    .map((path) => `${path.slice(folder.length + 1)}/`)
    .sort();
}

/** Creates a hard link, or a copy on file systems without hard links (a reflink if supported), and the folders above it. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await linkOrCopyAt(from, to, 0);
}

/**
 * As `linkOrCopy`, at a relative path in an existing folder, see `makeParents`. As `openRegular`, follows links unless `flags`
 * has O_NOFOLLOW; with that, a link gets a hard link itself.
 */
export async function linkOrCopyIn(folder: string, path: string, from: string, flags = 0): Promise<void> {
  await makeParents(folder, path);
  await linkOrCopyAt(from, join(folder, path), flags);
}

async function linkOrCopyAt(from: string, to: string, flags: number): Promise<void> {
  try {
    if ((flags & constants.O_NOFOLLOW) === 0) await addingLink(from, async () => link(await realpath(from), to));
    else await link(from, to);
  } catch (error) {
    if (!isLinkRefused(error)) throw error;
    await copyRegular(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL, flags);
  }
}

/** Whether a file system has no hard links, or no further one for a file. */
function isLinkRefused(error: unknown): boolean {
  return isSystemError(error) && ["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "ENOSYS"].includes(error.code ?? "");
}

/**
 * Creates the folders above a relative path in an existing folder. If that is removed, does not create it again, as `mkdir -p`
 * would, but throws ENOENT.
 */
export async function makeParents(folder: string, path: string): Promise<void> {
  const parent = dirname(path);
  if (parent === ".") return;
  await makeParents(folder, parent);
  await mkdir(join(folder, parent)).catch((error: unknown) => {
    if (!isSystemError(error) || error.code !== "EEXIST") throw error;
  });
}

/** `mkdir -p` with a mode, less the umask; Node's own loops forever in existing folders that reject new ones, as in /proc. */
export async function makeFolder(folder: string, mode = 0o777, parentExists = false): Promise<void> {
  try {
    await mkdir(folder, mode);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "EEXIST" && (await stat(folder)).isDirectory()) return;
    if (error.code !== "ENOENT" || parentExists) throw error;
    await makeFolder(dirname(folder), mode);
    await makeFolder(folder, mode, true);
  }
}

/** Returns whether a path exists, even as a link to nothing. */
export async function isPresent(path: string): Promise<boolean> {
  return (await lstatIfPresent(path)) !== undefined;
}

/** Returns the state of a file, folder or link itself; undefined if it does not exist. */
export async function lstatIfPresent(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}
