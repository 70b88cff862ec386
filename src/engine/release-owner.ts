import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { canonicalJson, type JsonObject } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";
import type { Workspace } from "./workspace.js";

/** The recipe of a release, and its model. Paths are relative to the releases, so that a project can be moved as a whole. */
export interface ReleaseOwner {
  recipe: string;
  /** sha256 of the recipe's text. */
  sha256: string;
  /** sha256 of its gates, which may be those of a pipeline; absent in records of earlier versions. */
  gates?: string;
  /** A repository or GGUF file of the Hub, or a path; absent in records of earlier versions. */
  source?: string;
  /** Absolute path of the releases at that time. */
  releases: string;
}

/** The recipe that a run builds. */
export interface OwnRecipe {
  file: string;
  sha256: string;
  gates?: Readonly<Record<string, unknown>>;
  /** `sourceIdentity` of its model; without it, the release of any model is the recipe's. */
  source?: string;
}

/** Returns the owner of the releases of a recipe. */
export async function releaseOwner(
  workspace: Pick<Workspace, "releases">,
  { file, sha256: text, gates, source }: OwnRecipe,
): Promise<ReleaseOwner> {
  const releases = await realpath(workspace.releases);
  return {
    recipe: relative(releases, await realpath(file).catch(() => resolve(file))),
    sha256: text,
    ...(gates && { gates: sha256(canonicalJson(gates as JsonObject)) }),
    ...(source !== undefined && { source: isAbsolute(source) ? relative(releases, source) : source }),
    releases,
  };
}

/** What a release belongs to instead of a recipe with its model. */
export interface OtherOwner {
  what: "recipe" | "source";
  name: string;
}

/**
 * Returns what a release belongs to, unless it is this recipe with this model. A recipe is the same if its path is the same,
 * or if it was moved: without a change, or together with the releases.
 */
export async function otherOwner(owner: ReleaseOwner, own: ReleaseOwner): Promise<OtherOwner | undefined> {
  const recipe = await otherPath(owner.recipe, own.recipe, owner, own);
  const isMoved = async (path: string) => owner.sha256 === own.sha256 && !(await exists(path));
  if (recipe !== undefined && !(await isMoved(recipe))) return { what: "recipe", name: recipe };
  const source = await otherSource(owner, own);
  return source === undefined ? undefined : { what: "source", name: source };
}

/** Returns the source of a release, unless it is this one. */
export async function otherSource(owner: ReleaseOwner, own: ReleaseOwner): Promise<string | undefined> {
  if (owner.source === undefined || own.source === undefined) return undefined;
  if (owner.source.startsWith("hf:")) return owner.source === own.source ? undefined : owner.source;
  return otherPath(owner.source, own.source, owner, own);
}

/** Returns the absolute path that a release belongs to, unless this one is the same, or was moved together with the releases. */
async function otherPath(
  path: string,
  ownPath: string,
  owner: ReleaseOwner,
  own: ReleaseOwner,
): Promise<string | undefined> {
  const absolute = resolve(owner.releases, path);
  if (absolute === resolve(own.releases, ownPath)) return undefined;
  return path === ownPath && !(await exists(absolute)) ? undefined : absolute;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
