import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Files that run beside each other: two where each can have cores of its own, see own-cores.ts. */
const workers = canPin() ? 2 : 1;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: workers,
    env: { QUANTSMITH_TEST_WORKERS: String(workers) },
    setupFiles: ["test/fixtures/own-cores.ts"],
    // A busy machine is ten times slower.
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});

function canPin(): boolean {
  if (process.platform !== "linux" || availableParallelism() < 2) return false;
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
