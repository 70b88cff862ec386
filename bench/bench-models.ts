import { access } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../src/util/package-root.js";

const root = fileURLToPath(packageRoot);

/** Folders of inputs that are not in the repository. */
export const models = process.env.QUANTSMITH_BENCH_MODELS ?? join(root, "..", "shared", "models");
export const texts = process.env.QUANTSMITH_BENCH_TEXTS ?? join(root, "..", "shared", "text");

/** Returns true if all inputs exist; otherwise prints the missing one. */
export async function present(needed: readonly string[], print: (line: string) => void): Promise<boolean> {
  for (const path of needed) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) continue;
    print(`skipped: ${path} does not exist; set QUANTSMITH_BENCH_MODELS and QUANTSMITH_BENCH_TEXTS`);
    return false;
  }
  return true;
}
