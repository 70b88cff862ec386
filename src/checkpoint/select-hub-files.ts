import { type FileSelection, isExcluded, isIncluded, isSelected, isWeightFile } from "./file-selection.js";
import { selectWeights } from "./find-weights.js";
import { indexFileName, parseWeightIndex } from "./weight-index.js";

/**
 * The files of a repository to download: what the recipe chooses, and of the weights only those the converter will
 * read. `readIndex` gives the content of the weights' index. Errors: QS-FETCH-INDEX, -PICKLE, -NO-WEIGHTS.
 */
export async function selectHubFiles<F extends { path: string }>(
  place: string,
  listing: readonly F[],
  choice: FileSelection,
  readIndex: (file: F) => Promise<Buffer>,
): Promise<{ files: F[]; weights: F[] }> {
  const offered = listing.filter(({ path }) => !isExcluded(path, choice));
  const names = new Set(offered.map(({ path }) => path).filter((path) => !path.includes("/")));
  const index = offered.find(({ path }) => path === indexFileName);
  const shardOf =
    index === undefined ? undefined : parseWeightIndex(`${place}/${indexFileName}`, await readIndex(index), names);
  const weights = new Set(selectWeights(place, names, shardOf, choice.allowUnsafe));
  const wanted = (path: string) =>
    weights.has(path) || (isSelected(path, choice) && (!isWeightFile(path) || isIncluded(path, choice)));
  return {
    files: offered.filter(({ path }) => wanted(path)),
    weights: offered.filter(({ path }) => weights.has(path)),
  };
}
