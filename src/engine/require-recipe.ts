import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { readInstalled } from "./installed-release.js";

/**
 * Requires that a release folder is of a recipe's present text, according to the record of its installation: after a
 * failed run, the folder has the release of an earlier text, with other gates. A folder without a record, such as a copy
 * on another machine, passes. Errors: QS-PUBLISH-RECIPE.
 */
export async function requireRecipe(release: string, recipe: { file: string; sha256: string }): Promise<void> {
  const folder = await realpath(release).catch(() => release);
  // Beside the path for users, which may be a link.
  for (const path of new Set([release, folder])) {
    const installed = await readInstalled(join(dirname(path), `.${basename(path)}.json`));
    if (installed === undefined) continue;
    if (installed.owner.sha256 === recipe.sha256) return;
    const message = `${release} was not built from the present text of ${recipe.file}, but from that of ${quote(installed.owner.recipe)} at its time`;
    throw new QuantsmithError("QS-PUBLISH-RECIPE", message, {
      remedy:
        "Run `quantsmith run` with the recipe again, which reuses finished steps; or publish without `--recipe`, with `--to`.",
    });
  }
}
