import type { HubConnection } from "../../hub/connection.js";
import { findRepo, type RepoState } from "../../hub/upload/repository.js";
import type { RestrictedInputs } from "../../release/restricted-inputs.js";
import { count } from "../../util/count.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { Warning } from "../../util/warnings.js";
import type { HubPublishOptions } from "./hub-options.js";

type Readers = Pick<HubPublishOptions, "repo" | "private" | "gated">;

/**
 * Requires that a repository gives nobody a model whose source they may not read, unless the recipe or the command says so:
 * files that were public cannot be taken back. Errors: QS-PUBLISH-PUBLIC, QS-PUBLISH-OPEN.
 */
export function requireAllowed(inputs: RestrictedInputs, state: RepoState | undefined, options: Readers): void {
  const { repo, gated } = options;
  if (!isPublic(state, options)) return;
  const be = state === undefined ? "may become" : "is";
  const source = quote(inputs.source);
  if (inputs.private && options.private !== false) {
    throw new QuantsmithError("QS-PUBLISH-PUBLIC", `the source ${source} is private, and ${repo} ${be} public`, {
      remedy:
        "Use a private repository: `publish.private: true` in the recipe, or `--private`. If anyone may have the model, write `private: false` or `--no-private`.",
    });
  }
  if (inputs.gated === false || gated !== undefined || (state?.gated ?? false) !== false) return;
  throw new QuantsmithError(
    "QS-PUBLISH-OPEN",
    `access to the source ${source} is gated (${inputs.gated}), and ${repo} ${be} open to anyone`,
    {
      remedy: `Set \`publish.gated: ${inputs.gated}\` in the recipe, or \`--gated ${inputs.gated}\`. If its terms allow open access, write \`gated: false\` or \`--gated false\`.`,
    },
  );
}

/** As `requireAllowed`, for a repository whose state is looked up if that can matter. Errors: QS-HUB-*, too. */
export async function requireAllowedAt(
  connection: HubConnection,
  inputs: RestrictedInputs,
  options: Readers,
  signal: AbortSignal,
): Promise<void> {
  const asksPublic = inputs.private && options.private !== false;
  const asksOpen = inputs.gated !== false && options.gated === undefined;
  if (options.private === true || !(asksPublic || asksOpen)) return;
  requireAllowed(inputs, await findRepo(connection, options.repo, signal), options);
}

/** Warns of private data sets that a public release names. */
export function datasetWarnings(
  { datasets }: RestrictedInputs,
  state: RepoState | undefined,
  options: Readers,
): Warning[] {
  if (datasets.length === 0 || options.private === false || !isPublic(state, options)) return [];
  return [privateDatasets(datasets, options.repo)];
}

/** Returns the warning that a release for a repository names private data sets. */
export function privateDatasets(datasets: readonly string[], repo: string): Warning {
  const sets = datasets.length === 1 ? "a private data set" : count(datasets.length, "private data set");
  return {
    code: "QW-TEXT-PRIVATE",
    message: `the release for ${repo} has texts of ${sets}: ${datasets.map(quote).join(", ")}; it contains their names, files and commits`,
    remedy:
      "Use a private repository or other texts; write `private: false` in the recipe or `--no-private` if anyone may know them.",
  };
}

function isPublic(state: RepoState | undefined, { private: isPrivate }: Readers): boolean {
  return state === undefined ? isPrivate !== true : !state.private;
}
