import { QuantsmithError } from "../../util/errors.js";
import { quote, quoteList } from "../../util/quote.js";
import { isSnapshotFile } from "../snapshot-files.js";
import { findSplits } from "./split-names.js";

/** Names in an error message. */
const maxNames = 8;

/**
 * Returns the files of a repository to download for a GGUF source: the file or all its splits, in order, and the model
 * card and licence. `place` names the repository in messages. Throws QS-HUB-MISSING and QS-FETCH-SPLIT.
 */
export async function selectHubGguf<F extends { path: string }>(
  place: string,
  listing: readonly F[],
  path: string,
): Promise<{ files: F[]; splits: F[] }> {
  const byPath = new Map(listing.map((file) => [file.path, file]));
  if (!byPath.has(path)) throw missing(place, listing, path);
  const names = await findSplits(path, (split) => byPath.has(split));
  const splits = names.flatMap((name) => byPath.get(name) ?? []);
  const files = listing.filter((file) => splits.includes(file) || isDescription(file.path));
  return { files, splits };
}

/** The model card and the licence. */
function isDescription(path: string): boolean {
  return isSnapshotFile(path) && /^(readme\.md$|licen[cs]e)/i.test(path);
}

function missing(place: string, listing: readonly { path: string }[], path: string): QuantsmithError {
  const offered = listing.map((file) => file.path).filter((name) => name.endsWith(".gguf"));
  const unquantized = offered.filter((name) => /(bf16|f16|f32|mxfp4)/i.test(name));
  const names = (unquantized.length > 0 ? unquantized : offered).slice(0, maxNames);
  return new QuantsmithError("QS-HUB-MISSING", `${place} does not contain the file ${quote(path)}`, {
    remedy:
      names.length === 0
        ? "Omit the file name to use the repository's checkpoint: it contains no GGUF file."
        : `Name a file of the repository, such as ${quoteList(names, "or")}.`,
  });
}
