import { lstat, readdir, readFile, realpath, rm, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { readSignedFiles, signatureFile } from "../release/sign/statement.js";
import { maxTextBytes } from "../release/verify/release-source.js";
import { parseChecked, renderChecked } from "../util/checked-json.js";
import type { DigestCache } from "../util/digest-cache.js";
import { fileState, sameState } from "../util/file-state.js";
import { listFiles, writeFileAtomic } from "../util/files.js";
import type { RecordedFile } from "./record.js";
import type { Workspace } from "./workspace.js";

/** The recipe of a release. */
export interface ReleaseOwner {
  /** Relative to the folder of the releases, so that a project can be moved as a whole. */
  recipe: string;
  /** sha256 of the recipe's text. */
  sha256: string;
}

/** `releases/.<name>.json`: what quantsmith wrote to `releases/<name>/`. It contains local paths, so it is outside. */
export interface InstalledRelease {
  format: 1;
  owner: ReleaseOwner;
  /** While a release replaces another, the files of both. */
  files: RecordedFile[];
}

export interface ReleasePaths {
  /** The path for users. */
  release: string;
  /** Where it is, or will be: `release` may be a link. */
  folder: string;
  /** The installation record. */
  record: string;
}

/** Returns the paths of a release, which may be missing. */
export async function releasePaths({ releases }: Workspace, name: string): Promise<ReleasePaths> {
  const release = join(releases, name);
  const folder = await realpath(release).catch(() => release);
  return { release, folder, record: join(releases, `.${name}.json`) };
}

/** Returns the owner of the releases of a recipe. */
export async function releaseOwner(
  workspace: Workspace,
  recipe: { file: string; sha256: string },
): Promise<ReleaseOwner> {
  const releases = await realpath(workspace.releases);
  const file = await realpath(recipe.file).catch(() => resolve(recipe.file));
  return { recipe: relative(releases, file), sha256: recipe.sha256 };
}

/** Reads an installation record; returns undefined if it is missing or damaged. */
export async function readInstalled(record: string): Promise<InstalledRelease | undefined> {
  const text = await readFile(record, "utf8").catch(() => "");
  const installed = parseChecked(text) as InstalledRelease | undefined;
  return installed?.format === 1 ? installed : undefined;
}

/** Returns the installed files of all releases. */
export async function listInstalled({ releases }: Workspace): Promise<RecordedFile[]> {
  const records = (await readdir(releases)).filter((name) => /^\..+\.json$/.test(name));
  const installed = await Promise.all(records.map((name) => readInstalled(join(releases, name))));
  return installed.flatMap((one) => one?.files ?? []);
}

/** Writes an installation record unless it is up to date. */
export async function writeInstalled(record: string, installed: InstalledRelease): Promise<void> {
  const text = renderChecked(installed);
  if ((await readFile(record, "utf8").catch(() => "")) !== text) await writeFileAtomic(record, text);
}

/** Removes an installation record. */
export async function removeInstalled(record: string): Promise<void> {
  await rm(record, { force: true });
}

/**
 * Returns the path of the recipe that a release belongs to, unless it is this recipe. A recipe is the same if its path
 * is the same, or if it was moved without a change.
 */
export async function otherRecipe(
  workspace: Workspace,
  { owner }: InstalledRelease,
  own: ReleaseOwner,
): Promise<string | undefined> {
  if (owner.recipe === own.recipe) return undefined;
  const path = resolve(await realpath(workspace.releases), owner.recipe);
  const moved = owner.sha256 === own.sha256 && (await stat(path).catch(() => undefined)) === undefined;
  return moved ? undefined : path;
}

/** Files that a file manager creates in every folder it shows. */
const disposable = /(?:^|\/)\.DS_Store$/;

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

/** Returns the files of a folder that quantsmith did not write, or that changed since. */
export async function findForeign(
  folder: string,
  installed: InstalledRelease | undefined,
  check: ContentCheck,
): Promise<ForeignFile[]> {
  const foreign: ForeignFile[] = [];
  for (const path of await listFiles(folder)) {
    const written = (installed?.files ?? []).filter((file) => file.path === path);
    if (written.length > 0) {
      if (!(await hasContent(join(folder, path), written, check))) foreign.push({ path, change: "changed" });
    } else if (!disposable.test(path) && !(await isOwnSignature(folder, path, installed))) {
      foreign.push({ path, change: "added" });
    }
  }
  return foreign;
}

/** Whether a file is a signature of the installed release: it has no use without that release. */
async function isOwnSignature(folder: string, path: string, installed: InstalledRelease | undefined): Promise<boolean> {
  if (path !== signatureFile || installed === undefined) return false;
  const file = join(folder, path);
  if (!(await isRegular(file)) || (await fileState(file)).bytes > maxTextBytes) return false;
  const signed = [...(readSignedFiles(await readFile(file, "utf8")) ?? [])];
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
  for (const file of expected) {
    const written = (installed?.files ?? []).filter(({ path, sha256 }) => path === file.path && sha256 === file.sha256);
    if (!(await hasContent(join(folder, file.path), [file, ...written], check))) return undefined;
  }
  return describeFiles(folder, expected);
}

/** Returns the files with their states in a folder. */
export function describeFiles(folder: string, files: readonly RecordedFile[]): Promise<RecordedFile[]> {
  return Promise.all(
    files.map(async ({ path, sha256 }) => ({ path, ...(await fileState(join(folder, path))), sha256 })),
  );
}

/** Whether a file has the content of one of the recorded files. */
async function hasContent(
  path: string,
  recorded: readonly RecordedFile[],
  { digests, verify }: ContentCheck,
): Promise<boolean> {
  if (!(await isRegular(path))) return false;
  const now = await fileState(path);
  if (!verify && recorded.some((file) => sameState(now, file))) return true;
  const sameSize = recorded.filter(({ bytes }) => bytes === now.bytes);
  if (sameSize.length === 0) return false;
  const sha256 = await digests.digest(path);
  return sameSize.some((file) => file.sha256 === sha256);
}

/** Only regular files are opened: opening a pipe blocks. */
async function isRegular(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true;
}
