import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { readInstalled } from "./installed-release.js";
import { type OwnRecipe, otherSource, releaseOwner } from "./release-owner.js";

/**
 * Requires that a release folder is of a recipe's present text and model, according to the record of its installation: after
 * a failed run, the folder has the release of an earlier text, with other gates. A folder without a record, such as a copy
 * on another machine, passes. Errors: QS-PUBLISH-RECIPE.
 */
export async function requireRecipe(release: string, recipe: OwnRecipe): Promise<void> {
  const folder = await realpath(release).catch(() => release);
  // Beside the path for users, which may be a link.
  for (const path of new Set([release, folder])) {
    const releases = dirname(path);
    const installed = await readInstalled(join(releases, `.${basename(path)}.json`));
    if (installed === undefined) continue;
    const { owner } = installed;
    const other = await otherSource({ releases }, owner, await releaseOwner({ releases }, recipe));
    const isPresent = owner.sha256 === recipe.sha256;
    if (isPresent && other === undefined) return;
    const message = isPresent
      ? `${release} was not built from the model of ${recipe.file}, but from another source: ${other}`
      : `${release} was not built from the present text of ${recipe.file}, but from that of ${quote(owner.recipe)} at its time`;
    throw new QuantsmithError("QS-PUBLISH-RECIPE", message, {
      remedy:
        "Run `quantsmith run` with the recipe again, which reuses finished steps; or publish without `--recipe`, with `--to`.",
    });
  }
}
