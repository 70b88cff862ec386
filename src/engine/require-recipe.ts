import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { readInstalled } from "./installed-release.js";
import { type OwnRecipe, otherSource, type ReleaseOwner, releaseOwner } from "./release-owner.js";

/**
 * Requires that a release folder is of a recipe's present text, gates and model, according to the record of its
 * installation: after a failed run, the folder has the release of an earlier text, with other gates. A folder without a
 * record, such as a copy on another machine, passes. Errors: QS-PUBLISH-RECIPE.
 */
export async function requireRecipe(release: string, recipe: OwnRecipe): Promise<void> {
  const folder = await realpath(release).catch(() => release);
  // Beside the path for users, which may be a link.
  for (const path of new Set([release, folder])) {
    const releases = dirname(path);
    const installed = await readInstalled(join(releases, `.${basename(path)}.json`));
    if (installed === undefined) continue;
    const reason = await difference(installed.owner, await releaseOwner({ releases }, recipe), recipe.file);
    if (reason === undefined) return;
    const message = `${release} was not built from ${reason}`;
    throw new QuantsmithError("QS-PUBLISH-RECIPE", message, {
      remedy:
        "Run `quantsmith run` with the recipe again, which reuses finished steps; or publish without `--recipe`, with `--to`.",
    });
  }
}

async function difference(owner: ReleaseOwner, own: ReleaseOwner, file: string): Promise<string | undefined> {
  if (owner.sha256 !== own.sha256) {
    return `the present text of ${file}, but from that of ${quote(owner.recipe)} at its time`;
  }
  const isGated = owner.gates === undefined || own.gates === undefined || owner.gates === own.gates;
  if (!isGated) return `${file} with its present gates, but with those of another pipeline or an earlier text of it`;
  const other = await otherSource(owner, own);
  return other === undefined ? undefined : `the model of ${file}, but from another source: ${other}`;
}
