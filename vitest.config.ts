import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Files that use llama.cpp, Python or the built program. All others are unit tests, which need none of them. */
const native = ["test/**/*.native.test.ts", "test/e2e/**/*.test.ts"];
/** Native files that run beside each other: two where each can have cores of its own, see pin-cores.ts. */
const nativeWorkers = canPin() ? 2 : 1;

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [
          {
            name: "unit-tests-import-no-build",
            resolveId(source, importer) {
              if (/(^|\/)dist\//.test(source) && source.startsWith("."))
                throw new Error(`${importer} imports ${source}`);
            },
          },
        ],
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: native,
          maxWorkers: "100%",
          // Test files of a worker share loaded modules, which takes a third less time.
          isolate: false,
          setupFiles: ["test/fixtures/unit-guard.ts"],
          sequence: { groupOrder: 0 },
          // The limits only end hangs; a busy machine is ten times slower.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "native",
          include: native,
          maxWorkers: nativeWorkers,
          env: { QUANTSMITH_TEST_WORKERS: String(nativeWorkers) },
          setupFiles: ["test/fixtures/pin-cores.ts"],
          sequence: { groupOrder: 1 },
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
    ],
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
