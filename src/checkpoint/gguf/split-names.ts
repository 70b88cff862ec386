import { basename, dirname, posix } from "node:path";
import { isFirstSplit, splitPaths } from "../../gguf/splits.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";

/**
 * Returns the paths of all splits of a GGUF source, `[path]` for a single file. Throws QS-FETCH-SPLIT if `path` is not
 * the first split, or if `exists` denies one.
 */
export async function findSplits(
  path: string,
  exists: (split: string) => boolean | Promise<boolean>,
): Promise<string[]> {
  const splits = splitPaths(path);
  if (!isFirstSplit(path)) {
    throw new QuantsmithError(
      "QS-FETCH-SPLIT",
      `${quote(basename(path))} is not the first of ${splits.length} splits`,
      {
        remedy: `Name the first one: \`${posix.basename(splits[0] ?? "")}\`.`,
      },
    );
  }
  for (const [index, split] of splits.entries()) {
    if (splits.length === 1 || (await exists(split))) continue;
    const what = `split ${index + 1} of ${splits.length} is missing: ${quote(basename(split))}`;
    throw new QuantsmithError("QS-FETCH-SPLIT", what, {
      remedy: `Put all ${splits.length} splits into ${dirname(split)}.`,
    });
  }
  return splits;
}
