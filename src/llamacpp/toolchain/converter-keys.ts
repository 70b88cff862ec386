import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Toolchain } from "./tools.js";

/** An identifier between quotes. */
const literal = /["']([A-Za-z_]\w*)["']/g;

/**
 * Returns the names that occur as strings in llama.cpp's converter: a superset of the keys that it reads for any
 * architecture. Empty if the toolchain has no source.
 */
export async function readConverterKeys({ scripts }: Toolchain): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (scripts === undefined) return found;
  const folder = path.join(path.dirname(scripts.converter), "conversion");
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.endsWith(".py"))) {
    const source = await readFile(path.join(folder, name), "utf8");
    for (const [, key = ""] of source.matchAll(literal)) found.add(key);
  }
  return found;
}
