import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { readSignedFiles, signatureFile } from "../release/sign/statement.js";
import { maxTextBytes } from "../release/verify/release-source.js";
import type { DigestCache } from "../util/digest-cache.js";
import { type FileState, fileState, sameButLinks, sameState } from "../util/file-state.js";
import { listEmptyFolders, listFiles } from "../util/files.js";
import { readRegular } from "../util/regular-file.js";
import type { InstalledRelease } from "./installed-release.js";
import type { RecordedFile } from "./record.js";

/** How contents are compared. */
export interface ContentCheck {
  digests: DigestCache;
  /** Hashes files even if their state is unchanged. */
  verify: boolean;
}

export interface ForeignFile {
  path: string;
  change: "added" | "changed";
}

/** Returns the files and empty folders of a folder that quantsmith did not write, or that changed since. */
export async function findForeign(
  folder: string,
  installed: InstalledRelease | undefined,
  check: ContentCheck,
): Promise<ForeignFile[]> {
  const foreign: ForeignFile[] = [];
  for (const path of await listFiles(folder)) {
    const written = (installed?.files ?? []).filter((file) => file.path === path);
    if (written.length > 0) {
      const unchanged = await findContent(join(folder, path), written, check);
      if (unchanged === undefined) foreign.push({ path, change: "changed" });
    } else if (!(await isOwnSignature(folder, path, installed))) {
      foreign.push({ path, change: "added" });
    }
  }
  for (const path of await listEmptyFolders(folder)) {
    // The user may have removed all files of a folder of the release.
    const isOwn = installed?.files.some((file) => file.path.startsWith(path));
    if (isOwn !== true) foreign.push({ path, change: "added" });
  }
  return foreign;
}

/** Whether a file is a signature of the installed release: it has no use without that release. */
async function isOwnSignature(folder: string, path: string, installed: InstalledRelease | undefined): Promise<boolean> {
  if (path !== signatureFile || installed === undefined) return false;
  const file = join(folder, path);
  if (!(await isRegular(file)) || (await fileState(file)).bytes > maxTextBytes) return false;
  const signed = [...(readSignedFiles(String(await readRegular(file))) ?? [])];
  const written = new Set(installed.files.map((own) => `${own.sha256} ${own.path}`));
  return signed.length > 0 && signed.every(([name, sha256]) => written.has(`${sha256} ${name}`));
}

/**
 * Returns the expected files with their states in a folder; undefined if a file is missing or differs. Ignores other
 * files. Hashes only files whose state is neither the expected nor the installed one, or all files with `verify`.
 */
export async function findPresent(
  folder: string,
  expected: readonly RecordedFile[],
  installed: InstalledRelease | undefined,
  check: ContentCheck,
): Promise<RecordedFile[] | undefined> {
  const present: RecordedFile[] = [];
  for (const file of expected) {
    const written = (installed?.files ?? []).filter(({ path, sha256 }) => path === file.path && sha256 === file.sha256);
    const state = await findContent(join(folder, file.path), [file, ...written], check);
    if (state === undefined) return undefined;
    present.push({ path: file.path, ...state, sha256: file.sha256 });
  }
  return present;
}

/** Returns the files with their states in a folder where no other program writes. */
export function describeFiles(folder: string, files: readonly RecordedFile[]): Promise<RecordedFile[]> {
  return Promise.all(
    files.map(async ({ path, sha256 }) => ({ path, ...(await fileState(join(folder, path))), sha256 })),
  );
}

/**
 * Returns the files with the ctime that the removal of other hard links gave them; hashes those that have another one, since an
 * edit can set back the modification time.
 */
export async function describeLinks(
  folder: string,
  files: readonly RecordedFile[],
  digests: DigestCache,
): Promise<RecordedFile[]> {
  const described: RecordedFile[] = [];
  for (const file of files) {
    const state = await findContent(join(folder, file.path), [file], { digests, verify: false }).catch(() => undefined);
    described.push(state !== undefined && sameButLinks(state, file) ? { ...file, ctime: state.ctime } : file);
  }
  return described;
}

/** Returns the state of a file if its content is that of one of the recorded files. */
async function findContent(
  path: string,
  recorded: readonly RecordedFile[],
  { digests, verify }: ContentCheck,
): Promise<FileState | undefined> {
  if (!(await isRegular(path))) return undefined;
  const now = await fileState(path);
  if (!verify && recorded.some((file) => sameState(now, file))) return now;
  const sameSize = recorded.filter(({ bytes }) => bytes === now.bytes);
  if (sameSize.length === 0) return undefined;
  const sha256 = await digests.digest(path);
  return sameSize.some((file) => file.sha256 === sha256) ? now : undefined;
}

/** Only regular files are opened: opening a pipe blocks. */
async function isRegular(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true;
}
