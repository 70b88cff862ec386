import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { EventBus } from "../../src/engine/events.js";
import { installRelease } from "../../src/engine/install-release.js";
import { runPlan } from "../../src/engine/run-plan.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import type { Step } from "../../src/plan/plan.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { errorReport } from "../../src/util/error-report.js";
import { listFiles } from "../../src/util/files.js";
import { dyingFiles } from "../fixtures/dying-files.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { releaseTarget } from "../fixtures/stored-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
vi.mock("node:fs/promises", async (original) => {
  const { dyingFiles } = await import("../fixtures/dying-files.js");
  return dyingFiles.wrap(await original());
});

// A lock counts its looks, so it needs no time. Only one process runs here.
vi.mock("node:timers/promises", async (original) => ({
  ...(await original<typeof import("node:timers/promises")>()),
  setTimeout: () => Promise.resolve(),
}));

const home = temporaryFolder();
const nothing = () => Promise.reject(new Error("no tool is needed here"));

function step(id: string, stage: Step["stage"], file: string, from?: { step: string; file: string }): Step {
  const inputs: Step["inputs"] = from === undefined ? {} : { in: { kind: "step", optional: false, ...from } };
  const run: Step["run"] = async ({ out }) => {
    await writeFile(join(out, file), id);
    return {};
  };
  return someStep({ id, stage, run, tools: [], resource: "io", inputs });
}

const plan = somePlan([
  step("convert", "convert", "model.gguf"),
  step("package", "package", "demo-BF16.gguf", { step: "convert", file: "model.gguf" }),
]);

/** Runs the plan and installs its release; returns the codes of all errors. */
async function run(out: string): Promise<string[]> {
  const workspace = await openWorkspace(out);
  try {
    const digests = new DigestCache();
    const signal = new AbortController().signal;
    const { errors, records, store } = await runPlan(plan, {
      ...{ workspace, events: new EventBus(), digests, signal, threads: 1, fresh: false, verify: false },
      tools: { toolchain: nothing, python: nothing },
    });
    if (errors.length > 0) return errors.map(({ error }) => errorReport(error).code);
    const packaged = records.get("package");
    if (packaged === undefined) throw new Error("the package step has no record");
    const target = await releaseTarget(workspace, join(home, "demo.yaml"), { digests });
    await installRelease(target, { folder: store.folder("package", packaged.key), record: packaged });
    return [];
  } finally {
    await workspace.close();
  }
}

test.each([
  ["full", "ENOSPC", "QS-DISK-FULL"],
  ["limited by a quota that is used up", "EDQUOT", "QS-DISK-FULL"],
  ["read-only", "EROFS", "QS-ENV-FILE"],
])(
  "a disk that becomes %s at any moment of a run: a code, and the next run completes the release",
  async (_, error, expected) => {
    const codes = new Set<string>();
    let at = 0;
    for (let came = true; came; at++) {
      const out = join(home, error, `${at}`);
      dyingFiles.start(at, "errors", error);
      const failures = await run(out).catch((cause: unknown) => [errorReport(cause).code]);
      came = dyingFiles.operations.length > at;
      dyingFiles.start();
      for (const code of failures) codes.add(code);
      expect(await run(out)).toEqual([]);
      expect(await listFiles(join(out, "releases", "demo"))).toEqual(["demo-BF16.gguf"]);
      expect(readdirSync(join(out, "releases")).sort()).toEqual([".demo.json", "demo"]);
    }
    expect(at).toBeGreaterThan(50);
    expect([...codes].sort()).toEqual([expected, "QS-ENV-OUTPUT"].sort());
  },
);
