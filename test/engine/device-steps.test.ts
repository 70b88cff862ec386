import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EventBus } from "../../src/engine/events.js";
import { runPlan } from "../../src/engine/run-plan.js";
import { scheduleSeconds } from "../../src/engine/schedule-seconds.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import type { Plan } from "../../src/plan/plan.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { onDevice, somePlan, someStep } from "../fixtures/plan.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { deferred, settled } from "../fixtures/until.js";

// Locks of devices are in the cache folder.
beforeEach(() => vi.stubEnv("XDG_CACHE_HOME", temporaryFolder()));
afterEach(() => vi.unstubAllEnvs());

async function run(plan: Plan) {
  const workspace = await openWorkspace(temporaryFolder());
  const nothing = () => Promise.reject(new Error("no tool is needed here"));
  try {
    return await runPlan(plan, {
      ...{ workspace, events: new EventBus(), digests: new DigestCache(), signal: new AbortController().signal },
      ...{ threads: 1, fresh: false, verify: false, tools: { toolchain: nothing, python: nothing } },
    });
  } finally {
    await workspace.close();
  }
}

function meeting(own: ReturnType<typeof deferred>, other: ReturnType<typeof deferred>): Promise<void> {
  own.resolve();
  return other.promise;
}

/**
 * Two steps that evaluate a model and one that does not; logs the steps that run at the same time. With a device, the
 * first and the last wait for each other.
 */
function threeSteps(backend: "cpu" | "cuda") {
  const running = new Set<string>();
  const together = new Set<string>();
  const started = { a: deferred(), c: deferred() };
  const meet: Readonly<Record<string, () => Promise<void>>> = {
    a: () => meeting(started.a, started.c),
    c: () => meeting(started.c, started.a),
  };
  const step = (id: string, usesDevices: boolean) =>
    someStep({
      ...{ id, usesDevices, params: { id } },
      run: async ({ compute, layers }) => {
        layers(7);
        layers(3);
        running.add(id);
        together.add([...running].sort().join("+"));
        if (backend === "cuda") await meet[id]?.();
        await settled();
        together.add([...running].sort().join("+"));
        running.delete(id);
        expect(compute.backend).toBe(backend);
        return {};
      },
    });
  const plan = somePlan([step("a", true), step("b", true), step("c", false)], onDevice(backend));
  return { plan, together };
}

test("on a device, one step evaluates a model while another step uses the CPU", async () => {
  const { plan, together } = threeSteps("cuda");
  const { records } = await run(plan);
  expect([...together]).toContain("a+c");
  expect([...together].filter((ids) => ids.includes("a") && ids.includes("b"))).toEqual([]);
  expect(records.get("a")?.compute).toEqual({
    ...{ backend: "cuda", device: "A cuda card", driver: "1.2", gpuLayers: 3 },
  });
  expect(records.get("c")?.compute).toBeUndefined();
});

test("on the CPU, one step runs at a time", async () => {
  const { plan, together } = threeSteps("cpu");
  const { records } = await run(plan);
  expect([...together].sort()).toEqual(["a", "b", "c"]);
  expect(records.get("a")).not.toHaveProperty("compute");
});

test("the estimate counts the time of a device beside that of the CPU", () => {
  const seconds = new Map(["a", "b", "c", "d"].map((id) => [id, 10]));
  const reads = { from: { kind: "step", step: "c", file: "x", optional: false } } as const;
  const steps = [
    someStep({ id: "a", usesDevices: true }),
    someStep({ id: "b", usesDevices: true }),
    someStep({ id: "c" }),
    someStep({ id: "d", usesDevices: true, inputs: reads }),
  ];
  expect(scheduleSeconds(somePlan(steps, onDevice("cpu")), seconds)).toBe(40);
  expect(scheduleSeconds(somePlan(steps, onDevice("cuda")), seconds)).toBe(30);
  seconds.set("c", 50);
  expect(scheduleSeconds(somePlan(steps, onDevice("cuda")), seconds)).toBe(60);
});
