import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import type { Workspace } from "./workspace.js";

/** The recipe of a release, and its model. Paths are relative to the releases, so that a project can be moved as a whole. */
export interface ReleaseOwner {
  recipe: string;
  /** sha256 of the recipe's text. */
  sha256: string;
  /** A repository or GGUF file of the Hub, or a path; absent in records of earlier versions. */
  source?: string;
}

/** The recipe that a run builds. */
export interface OwnRecipe {
  file: string;
  sha256: string;
  /** `sourceIdentity` of its model; without it, the release of any model is the recipe's. */
  source?: string;
}

/** Returns the owner of the releases of a recipe. */
export async function releaseOwner(
  workspace: Pick<Workspace, "releases">,
  { file, sha256, source }: OwnRecipe,
): Promise<ReleaseOwner> {
  const releases = await realpath(workspace.releases);
  const recipe = relative(releases, await realpath(file).catch(() => resolve(file)));
  if (source === undefined) return { recipe, sha256 };
  return { recipe, sha256, source: isAbsolute(source) ? relative(releases, source) : source };
}

/** What a release belongs to instead of a recipe with its model. */
export interface OtherOwner {
  what: "recipe" | "source";
  name: string;
}

/**
 * Returns what a release belongs to, unless it is this recipe with this model. A recipe is the same if its path is the same,
 * or if it was moved without a change.
 */
export async function otherOwner(
  workspace: Pick<Workspace, "releases">,
  owner: ReleaseOwner,
  own: ReleaseOwner,
): Promise<OtherOwner | undefined> {
  const recipe = resolve(await realpath(workspace.releases), owner.recipe);
  const isMoved = async () => owner.sha256 === own.sha256 && (await stat(recipe).catch(() => undefined)) === undefined;
  if (owner.recipe !== own.recipe && !(await isMoved())) return { what: "recipe", name: recipe };
  const source = await otherSource(workspace, owner, own);
  return source === undefined ? undefined : { what: "source", name: source };
}

/** Returns the source of a release, unless it is this one. */
export async function otherSource(
  workspace: Pick<Workspace, "releases">,
  { source }: ReleaseOwner,
  own: ReleaseOwner,
): Promise<string | undefined> {
  if (source === undefined || own.source === undefined || source === own.source) return undefined;
  return source.startsWith("hf:") ? source : resolve(await realpath(workspace.releases), source);
}
