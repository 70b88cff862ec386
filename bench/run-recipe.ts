import { fileURLToPath } from "node:url";
import type { RunReport } from "../src/release/release-report.js";
import { packageRoot } from "../src/util/package-root.js";
import { runSubprocess } from "../src/util/subprocess.js";

/** Runs a recipe in a subprocess and returns the wall time in seconds and the peak memory of that process. Throws with the last output lines on failure. */
export async function runRecipe(
  recipe: string,
  out: string,
  ...more: string[]
): Promise<{ seconds: number; peakMemoryBytes: number; report: RunReport }> {
  const cwd = fileURLToPath(packageRoot);
  const args = ["dist/cli/main.js", "run", recipe, "--out", out, "--json", ...more];
  const result = await runSubprocess({ file: process.execPath, args, cwd, env: { CI: "true" } });
  if (result.exitCode !== 0) throw new Error(result.tail);
  const { seconds, peakMemoryBytes } = result;
  return { seconds, peakMemoryBytes, report: JSON.parse(result.stdout) as RunReport };
}
