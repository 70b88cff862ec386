import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { estimatePlan } from "../../src/engine/estimate-plan.js";
import { EventBus } from "../../src/engine/events.js";
import { openWorkspace, workspaceAt } from "../../src/engine/workspace.js";
import type { Step } from "../../src/plan/plan.js";
import type { Executor, Job, JobState } from "../../src/remote/executor.js";
import { runJob } from "../../src/remote/run-job.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { compareStep, resultOf, startPlan, textFile } from "../fixtures/remote-plan.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

/** How often each fingerprint was hashed; a key is the hash of a fingerprint. */
const hashed = vi.hoisted(() => new Map<string, number>());
vi.mock("../../src/util/sha256.js", async (importActual) => {
  const actual = await importActual<typeof import("../../src/util/sha256.js")>();
  const sha256 = (data: string | Uint8Array) => {
    // A job file has the same beginning, but also a key.
    if (typeof data === "string" && /^\{"format":1,"inputs":\{[^}]*\},"params":/.test(data)) {
      hashed.set(data, (hashed.get(data) ?? 0) + 1);
    }
    return actual.sha256(data);
  };
  return { ...actual, sha256 };
});

const home = temporaryFolder();
const counts = () => [...hashed.values()];
const reads = (step: string, optional = false) => ({ kind: "step", step, file: "out", optional }) as const;

function step(id: string, change: Partial<Step> = {}): Step {
  const run: Step["run"] = async (context) => {
    await context.reusableSteps([]);
    await writeFile(join(context.out, "out"), id);
    return {};
  };
  return someStep({ id, params: { id }, tools: [], run, ...change });
}

beforeEach(() => hashed.clear());

describe("a step's key is computed once", () => {
  const chain = [step("a"), step("b", { inputs: { in: reads("a") } }), step("c", { inputs: { in: reads("b") } })];

  test("in a run that builds, in a run that is fully cached, and in a plan", async () => {
    const out = join(home, "local");
    await startPlan(out, chain, undefined).ended;
    expect(counts()).toEqual([1, 1, 1]);
    hashed.clear();
    await startPlan(out, chain, undefined).ended;
    expect(counts()).toEqual([1, 1, 1]);
    hashed.clear();
    expect((await estimatePlan(somePlan(chain), workspaceAt(out))).steps.map(({ status }) => status)).toEqual([
      "cached",
      "cached",
      "cached",
    ]);
    expect(counts()).toEqual([1, 1, 1]);
  });

  test("in a run that rebuilds a dropped file", async () => {
    const out = join(home, "dropped");
    const plan = { keepIntermediates: false };
    const dropped = [step("a", { intermediates: ["out"] }), ...chain.slice(1)];
    await startPlan(out, dropped, undefined, { plan }).ended;
    hashed.clear();
    const more = [...dropped, step("d", { inputs: { in: reads("a") } })];
    const { steps } = await startPlan(out, more, undefined, { plan }).ended;
    expect(steps.map(({ status }) => status)).toEqual(["built", "cached", "cached", "built"]);
    expect(counts()).toEqual([1, 1, 1, 1]);
  });

  test("again, with another result, only when an optional input is missing", async () => {
    const fails = () => Promise.reject(new Error("no"));
    const steps = [
      step("a", { run: fails }),
      step("b", { inputs: { in: reads("a", true) } }),
      step("c", { inputs: { in: reads("b") } }),
      step("d"),
    ];
    const { records } = await startPlan(join(home, "optional"), steps, undefined).ended;
    expect([...records.keys()].sort()).toEqual(["b", "c", "d"]);
    expect(records.get("b")?.fingerprint.inputs).toEqual({});
    expect(records.get("c")?.fingerprint.inputs).toEqual({ in: `step:${records.get("b")?.key}/out` });
    expect(counts()).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test("in a remote run, and in each worker", async () => {
    const out = join(home, "remote");
    const texts = ["ships", "bread"].map((text) => textFile(home, `${text}.txt`, `A text about ${text}.`));
    const steps = [compareStep("first", texts), compareStep("last", [resultOf("first"), ...texts])];
    const done = await startPlan(out, steps, workersHere(out)).ended;
    expect(done.steps.map(({ status }) => status)).toEqual(["built", "built"]);
    expect(counts()).toEqual([2, 2]);
  });
});

/** A queue whose workers run in this process, one after the other. */
function workersHere(out: string): Executor {
  const states = new Map<string, JobState>();
  let turn = Promise.resolve();
  const work = async ({ key, shard }: Job): Promise<JobState["state"]> => {
    const workspace = await openWorkspace(out);
    const nothing = () => Promise.reject(new Error("no tool is needed here"));
    const done = runJob(key, shard, {
      ...{ workspace, events: new EventBus(), digests: new DigestCache(), threads: 1, verify: false },
      ...{ signal: new AbortController().signal, tools: { toolchain: nothing, python: nothing } },
    });
    const state = await done.then(
      () => "done" as const,
      () => "failed" as const,
    );
    await workspace.close();
    return state;
  };
  return {
    ...{ name: "here", seesLinks: true, pollMs: 10, shards: 1 },
    submit: async (jobs) => {
      for (const job of jobs) {
        states.set(job.name, { state: "waiting" });
        turn = turn.then(async () => void states.set(job.name, { state: await work(job) }));
      }
    },
    states: async () => states,
    cancel: async () => {},
  };
}
