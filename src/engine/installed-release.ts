import { readdir, readFile, realpath, rm, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseChecked, renderChecked } from "../util/checked-json.js";
import { writeFileAtomic } from "../util/files.js";
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
