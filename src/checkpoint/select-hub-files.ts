import { type FileSelection, isExcluded, isIncluded, isSelected, isWeightFile } from "./file-selection.js";
import { selectWeights } from "./find-weights.js";
import { requireNoAdapter } from "./require-no-adapter.js";
import { findIndex, parseWeightIndex } from "./weight-index.js";

/**
 * Returns the files of a repository to download: the recipe's choice, and only those weights that the converter reads.
 * `readIndex` returns the content of the weight index. Throws QS-FETCH-ADAPTER, -INDEX, -PICKLE and -NO-WEIGHTS.
 */
export async function selectHubFiles<F extends { path: string }>(
  place: string,
  listing: readonly F[],
  choice: FileSelection,
  readIndex: (file: F) => Promise<Buffer>,
): Promise<{ files: F[]; weights: F[] }> {
  const offered = listing.filter(({ path }) => !isExcluded(path, choice));
  const names = new Set(offered.map(({ path }) => path).filter((path) => !path.includes("/")));
  requireNoAdapter(place, names);
  const indexName = findIndex(names, choice.allowUnsafe);
  const index = offered.find(({ path }) => path === indexName);
  const shardOf =
    index === undefined ? undefined : parseWeightIndex(`${place}/${index.path}`, await readIndex(index), names);
  const weights = new Set(selectWeights(place, names, shardOf, choice.allowUnsafe));
  const wanted = (path: string) =>
    weights.has(path) || (isSelected(path, choice) && (!isWeightFile(path) || isIncluded(path, choice)));
  return {
    files: offered.filter(({ path }) => wanted(path)),
    weights: offered.filter(({ path }) => weights.has(path)),
  };
}
