import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../src/util/package-root.js";
import { runSubprocess } from "../src/util/subprocess.js";

const rounds = 11;

/**
 * Compares the median wall time of a run whose steps are all cached (demo recipe) with that of an empty Node process.
 * Fills the store first, which takes as long as the demo.
 */
export async function benchIdle(print: (line: string) => void): Promise<void> {
  const out = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  const cwd = fileURLToPath(packageRoot);
  const demo = ["dist/cli/main.js", "run", "recipes/demo/demo.yaml", "--out", out];
  try {
    await node(demo, cwd);
    const empty: number[] = [];
    const idle: number[] = [];
    for (let round = 0; round < rounds; round++) {
      empty.push(await node(["-e", "0"], cwd));
      idle.push(await node(demo, cwd));
    }
    const [emptySeconds, idleSeconds] = [median(empty), median(idle)];
    print(`node -e 0          ${emptySeconds.toFixed(3)} s`);
    print(`run, all cached   ${idleSeconds.toFixed(3)} s`);
    print(`ratio              ${(idleSeconds / emptySeconds).toFixed(1)}`);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

async function node(args: string[], cwd: string): Promise<number> {
  const result = await runSubprocess({ file: process.execPath, args, cwd, env: { CI: "true" } });
  if (result.exitCode !== 0) throw new Error(result.tail);
  return result.seconds;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
