import type { RunReport } from "../../release/release-report.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { PublishedFiles } from "./find-changes.js";

/** Number of files in an error message. */
const maxNamed = 10;

/** The model of a release; `source` names no local path. */
export type ReleasedModel = Pick<RunReport["model"], "name" | "source">;

/** What a publication writes, and what it may overwrite. */
export interface Overwrite {
  /** Name of the target in messages. */
  place: string;
  /** Number of the pull request whose files it overwrites. */
  pullRequest?: number | undefined;
  /** The model whose release is published. */
  model: ReleasedModel;
  /** Paths that are new or get other content. */
  paths: readonly string[];
  /** Overwrite files that are not of a release of this model. */
  replace: boolean;
}

/**
 * Requires that a publication overwrites only files of a release of the same model, and README.md of the Hub itself.
 * Returns the files of others that it overwrites: none without `replace`. Errors: QS-PUBLISH-FOREIGN with their names.
 */
export async function requireOwn(
  { place: target, pullRequest, model, paths, replace }: Overwrite,
  present: PublishedFiles,
): Promise<string[]> {
  const place = pullRequest === undefined ? target : `pull request ${pullRequest} of ${target}`;
  const both = collisions(paths, present.files.keys());
  if (both.length > 0) {
    const message = `the release has files and folders with the names of others of ${place}: ${names(both)}`;
    throw new QuantsmithError("QS-PUBLISH-FOREIGN", message, { remedy: "Rename or remove these files there first." });
  }
  const foreign: string[] = [];
  for (const path of paths) {
    if (present.files.has(path) && !(await isOwn(path, present))) foreign.push(path);
  }
  if (replace) return foreign;
  if (foreign.length > 0) {
    const what = present.own.size === 0 ? "are not of a release of quantsmith" : "are not of its release, or changed";
    const other = pullRequest === undefined ? "Publish to another repository" : "Merge or close the pull request";
    throw new QuantsmithError("QS-PUBLISH-FOREIGN", `files of ${place} ${what}: ${names(foreign)}`, {
      remedy: `${other}, or add \`--replace\` to overwrite these files; its history keeps them.`,
    });
  }
  requireModel(place, model, present);
  return foreign;
}

/** Throws QS-PUBLISH-FOREIGN if a target contains the release of another model, by its name and its source. */
export function requireModel(place: string, model: ReleasedModel, { release }: Pick<PublishedFiles, "release">): void {
  const present = release?.report.model;
  if (present === undefined) return;
  for (const [what, key] of [
    ["model", "name"],
    ["source", "source"],
  ] as const) {
    if (present[key] === model[key]) continue;
    const message = `${place} contains the release of another ${what}, ${quote(present[key])}, not of ${quote(model[key])}`;
    throw new QuantsmithError("QS-PUBLISH-FOREIGN", message, {
      remedy: "Publish to another target, or add `--replace` if this release takes its place.",
    });
  }
}

/** Joins the first names of a list, and counts the others. */
export function names(paths: readonly string[]): string {
  const more = paths.length - maxNamed;
  return `${paths.slice(0, maxNamed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

async function isOwn(path: string, { own, sha256, text }: PublishedFiles): Promise<boolean> {
  const recorded = own.get(path);
  if (recorded !== undefined && recorded === (await sha256(path))) return true;
  return path === "README.md" && isEmptyCard(await text(path));
}

/** The card of a new repository has at most a license in its front matter; what else is there, its owner wrote. */
function isEmptyCard(text: string | undefined): boolean {
  return text !== undefined && /^\s*(?:---\r?\n(?:license:[^\n]*\n)?---\s*)?$/.test(text);
}

/** Returns the files that would be a folder of one of the paths, or are in a folder with its name: a tree cannot have both. */
function collisions(paths: readonly string[], present: Iterable<string>): string[] {
  return [...present].filter((file) =>
    paths.some((path) => path.startsWith(`${file}/`) || file.startsWith(`${path}/`)),
  );
}
