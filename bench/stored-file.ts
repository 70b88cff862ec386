import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Returns the path of an output of the first step of a stage in the store of `out`. */
export async function storedFile(out: string, stage: string, name: string): Promise<string> {
  const folder = (await readdir(join(out, "store"))).find((entry) => entry.startsWith(`${stage}-`));
  return join(out, "store", folder ?? "", name);
}
