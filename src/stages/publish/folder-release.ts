import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { identifyingFiles, ownRelease } from "../../release/own-files.js";
import { maxTextBytes } from "../../release/verify/release-source.js";
import { QuantsmithError } from "../../util/errors.js";
import { isPresent, listEmptyFolders, listFiles } from "../../util/files.js";
import { readRegular } from "../../util/regular-file.js";
import { sha256File } from "../../util/sha256.js";
import type { PublishedFile, PublishedFiles } from "./find-changes.js";
import { names } from "./require-own.js";

/** Files of a target folder, all of them unchanged files of a previous release. */
export interface FolderRelease extends PublishedFiles {
  /** Size, times and inode of each file, and of each empty folder with `/` at its end, before it was read. */
  states: ReadonlyMap<string, string>;
}

/**
 * Reads a target folder, which may be missing or empty. Errors: QS-PUBLISH-FOREIGN if it contains anything besides
 * unchanged files of a release of quantsmith; system errors.
 */
export async function readFolderRelease(folder: string, signal: AbortSignal): Promise<FolderRelease> {
  const states = await fileStates(folder, signal);
  const texts = new Map<string, string>();
  for (const path of identifyingFiles) {
    const file = join(folder, path);
    if (states.has(path) && (await isSmallFile(file))) texts.set(path, String(await readRegular(file)));
  }
  const { own, release } = ownRelease(texts);
  const files = new Map<string, PublishedFile>();
  const foreign: string[] = [];
  for (const path of states.keys()) {
    signal.throwIfAborted();
    const file = await lstat(join(folder, path));
    // The user may have removed all files of a folder of the release.
    if (file.isDirectory() && [...own.keys()].some((name) => name.startsWith(path))) continue;
    const expected = file.isFile() ? own.get(path) : undefined;
    const digest = expected === undefined ? undefined : await sha256File(join(folder, path), signal);
    if (digest === undefined || digest !== expected) foreign.push(path);
    else files.set(path, { bytes: file.size, digest: `sha256:${digest}` });
  }
  if (foreign.length > 0) throw hasForeign(folder, foreign, own.size > 0);
  const origin = async () => {
    const { mtime } = await lstat(join(folder, "release.json"));
    return { date: mtime.toISOString(), commit: null };
  };
  const read = { sha256: async (path: string) => own.get(path), text: async (path: string) => texts.get(path) };
  return { files, own, release: release && { ...release, origin }, states, ...read };
}

/** Throws QS-PUBLISH-FOREIGN if a folder, meanwhile at another path, changed since it was read. */
export async function requireSameFiles(
  path: string,
  before: ReadonlyMap<string, string>,
  moved: string,
): Promise<void> {
  const now = await fileStates(moved);
  const changed = [...new Set([...before.keys(), ...now.keys()])].filter((file) => before.get(file) !== now.get(file));
  if (changed.length === 0) return;
  throw new QuantsmithError("QS-PUBLISH-FOREIGN", `${path} changed during publishing: ${names(changed)}`, {
    remedy: "Check these files, and publish again if they are not needed.",
  });
}

async function fileStates(folder: string, signal?: AbortSignal): Promise<Map<string, string>> {
  if (!(await isPresent(folder))) return new Map();
  // What is missing from here on has been removed meanwhile, which does not make the folder empty.
  const paths = [...(await listFiles(folder)), ...(await listEmptyFolders(folder))];
  const states = new Map<string, string>();
  for (const path of paths) {
    signal?.throwIfAborted();
    const { ino, size, mtimeNs, ctimeNs } = await lstat(join(folder, path), { bigint: true });
    states.set(path, [ino, size, mtimeNs, ctimeNs].join());
  }
  return states;
}

async function isSmallFile(path: string): Promise<boolean> {
  const file = await lstat(path);
  return file.isFile() && file.size <= maxTextBytes;
}

function hasForeign(folder: string, foreign: readonly string[], hasRelease: boolean): QuantsmithError {
  const what = hasRelease ? "files that are not of its release, or changed" : "files, but not a release of quantsmith";
  return new QuantsmithError("QS-PUBLISH-FOREIGN", `${folder} contains ${what}: ${names(foreign)}`, {
    remedy:
      "Move these files, use a new or empty folder, or add `--replace` to rename the folder: publishing replaces it as a whole.",
    at: { file: folder },
  });
}
