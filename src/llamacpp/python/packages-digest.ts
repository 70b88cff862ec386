import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { sha256 } from "../../util/sha256.js";

/**
 * Returns a digest of the names and sizes of all package files of a Python environment, which detects deleted and
 * truncated files without starting Python. Takes about 0.5 s for torch and transformers. Ignores compiled files.
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
