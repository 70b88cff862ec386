import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { sha256 } from "../../util/sha256.js";

/**
 * One digest over names and sizes of all files of a Python environment's packages, so that a package that was deleted or cut is
 * noticed without starting Python. Takes about half a second for torch and transformers. Compiled files come and go.
 */
export async function packagesDigest(environment: string): Promise<string> {
  const lib = path.join(environment, "lib");
  const entries = await readdir(lib, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith(".pyc"));
  const lines: string[] = [];
  for (const { parentPath, name } of files) {
    const file = path.join(parentPath, name);
    lines.push(`${path.relative(lib, file)}\t${(await lstat(file)).size}`);
  }
  return sha256(lines.sort().join("\n"));
}
