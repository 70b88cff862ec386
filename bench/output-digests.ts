import { existsSync } from "node:fs";
import { join } from "node:path";
import { listFiles } from "../src/util/files.js";
import { sha256File } from "../src/util/sha256.js";

/**
 * Returns the sha256 of every stored output and every released file in an output folder, by path. Leaves out
 * `release.json`, which contains the durations of steps, records, and files that exist only during a step.
 */
export async function outputDigests(out: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const part of ["store", "releases"].filter((name) => existsSync(join(out, name)))) {
    for (const file of await listFiles(join(out, part))) {
      if (/(^|\/)(record|release)\.json$/.test(file) || file.startsWith(".")) continue;
      found.set(`${part}/${file}`, await sha256File(join(out, part, file)));
    }
  }
  return found;
}
