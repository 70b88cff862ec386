import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isMissing } from "./errors.js";
import { lstatIfPresent } from "./files.js";

/** Resolves the links of an absolute path whose last parts may be missing. Errors: system errors, also for a link to nothing. */
export async function realTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error;
    const found = await lstatIfPresent(path);
    // Another program has just replaced it.
    if (found !== undefined && !found.isSymbolicLink()) return realTarget(path);
    // A link to nothing is not replaced.
    if (found !== undefined) throw error;
    return join(await realTarget(dirname(path)), basename(path));
  }
}
