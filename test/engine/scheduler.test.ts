import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { deviceLocks } from "../../src/engine/device-locks.js";
import type { LockHolder } from "../../src/engine/lock-holder.js";
import { allowedCores, Scheduler } from "../../src/engine/scheduler.js";
import { workspaceAt } from "../../src/engine/workspace.js";
import { cpuCompute } from "../../src/llamacpp/compute/compute.js";
import { onDevice } from "../fixtures/plan.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { deferred, settled } from "../fixtures/until.js";

// Locks of devices are in the cache folder.
beforeEach(() => vi.stubEnv("XDG_CACHE_HOME", temporaryFolder()));
afterEach(() => vi.unstubAllEnvs());

test.runIf(process.platform === "linux")(
  "a worker that may use a part of the cores tells which, another one nothing",
  () => {
    const taskset = (...args: string[]) =>
      execFileSync("taskset", [...args, String(process.pid)], { encoding: "utf8" })
        .trim()
        .split(" ")
        .at(-1) ?? "";
    const before = taskset("-cp");
    const last = before.split(/[,-]/).at(-1) ?? "";
    try {
      taskset("-acp", last);
      expect(allowedCores()).toBe(`-${last}`);
      taskset("-acp", `0-${cpus().length - 1}`);
      expect(allowedCores()).toBe("");
    } finally {
      taskset("-acp", before);
    }
  },
);

/** A step that does not wait. */
const nobodyElse = { recipe: "demo", step: "convert", onWait: () => {} };

test.each(["io", "compute", "device"] as const)(
  "an interrupted run waits for work (%s) that has begun",
  async (resource) => {
    const interrupt = new AbortController();
    const scheduler = new Scheduler(workspaceAt(temporaryFolder()), interrupt.signal, { compute: cpuCompute });
    const told: string[] = [];
    const work = async (name: string) => {
      interrupt.abort(new Error("interrupted"));
      await settled();
      told.push(`${name} has written its last`);
    };
    const ended = ["first", "second", "third"].map((name) =>
      scheduler
        .run(resource, 0, nobodyElse, () => work(name))
        .then(
          () => told.push(`${name} ended`),
          () => told.push(`${name} was given up`),
        ),
    );
    await Promise.all(ended);
    expect(told.indexOf("first ended")).toBeGreaterThan(told.indexOf("first has written its last"));
    expect(told).toContain("third was given up");
    expect(told).not.toContain("third has written its last");
  },
);

describe("devices", () => {
  const card = onDevice("cuda").compute.compute;

  /** A scheduler of another process, with another output folder. */
  function someScheduler(compute = card) {
    return new Scheduler(workspaceAt(temporaryFolder()), new AbortController().signal, { compute });
  }

  /** Work that ends on demand. */
  function controlled() {
    const [started, end] = [deferred(), deferred()];
    const work = () => {
      started.resolve();
      return end.promise;
    };
    return { work, started: started.promise, end: () => end.resolve() };
  }

  test("a job on a device runs beside one on the CPU, and alone on the device", async () => {
    const scheduler = someScheduler();
    const [first, second, cpu] = [controlled(), controlled(), controlled()];
    const all = [
      scheduler.run("device", 0, nobodyElse, first.work),
      scheduler.run("device", 0, nobodyElse, second.work),
      scheduler.run("compute", 0, nobodyElse, cpu.work),
    ];
    await Promise.all([first.started, cpu.started]);
    let overlap = true;
    void second.started.then(() => {
      expect(overlap).toBe(false);
    });
    await settled();
    overlap = false;
    first.end();
    await second.started;
    second.end();
    cpu.end();
    await Promise.all(all);
  });

  test("two runs on one device take turns, also with other output folders; on two devices they do not", async () => {
    const [first, second, other] = [controlled(), controlled(), controlled()];
    const ends = [someScheduler().run("device", 0, nobodyElse, first.work)];
    await first.started;
    const waits = deferred();
    ends.push(someScheduler().run("device", 0, { ...nobodyElse, onWait: () => waits.resolve() }, second.work));
    await waits.promise;
    const elsewhere = { ...card, devices: card.devices.map((device) => ({ ...device, name: "CUDA1" })) };
    ends.push(someScheduler(elsewhere).run("device", 0, nobodyElse, other.work));
    await other.started;
    first.end();
    await second.started;
    second.end();
    other.end();
    await Promise.all(ends);
  });

  test("a renumbered device has the lock of its own number", () => {
    const lockOf = (visible: string | undefined, index: number) => {
      vi.stubEnv("CUDA_VISIBLE_DEVICES", visible);
      const devices = card.devices.map((device) => ({ ...device, name: `CUDA${index}` }));
      return deviceLocks({ ...card, devices }, "here");
    };
    expect(lockOf("2,3", 1)).toEqual(lockOf(undefined, 3));
    expect(lockOf("2,3", 0)).not.toEqual(lockOf(undefined, 0));
    expect(lockOf("GPU-a/../b", 0)[0]).toMatch(/locks\/here-cuda-GPU-a_.._b\.lock$/);
  });

  test("two jobs that number their cards from 0 have the locks of their cards", () => {
    const lockOf = (backend: "cuda" | "vulkan", id: string) => {
      const devices = card.devices.map((device) => ({ ...device, name: `${backend}0`, id }));
      return deviceLocks({ ...card, backend, devices }, "here");
    };
    expect(lockOf("cuda", "0000:c1:00.0")).not.toEqual(lockOf("cuda", "0000:41:00.0"));
    expect(lockOf("cuda", "0000:c1:00.0")).toEqual(lockOf("vulkan", "0000:c1:00.0"));
  });
});

test("a computation that waits for another process states what that computes", async () => {
  const workspace = workspaceAt(temporaryFolder());
  // Two schedulers are as two processes: each takes the lock of the machine.
  const [first, second] = [0, 1].map(
    () => new Scheduler(workspace, new AbortController().signal, { compute: cpuCompute }),
  );
  const waited: (LockHolder | undefined)[] = [];
  let finish: () => void = () => {};
  const begun = new Promise<void>((started) => {
    const work = () => {
      started();
      return new Promise<void>((done) => {
        finish = done;
      });
    };
    void first?.run("compute", 0, { recipe: "demo", step: "validate:base", onWait: () => {} }, work);
  });
  await begun;
  const onWait = (holder: LockHolder | undefined) => {
    waited.push(holder);
    finish();
  };
  await second?.run("compute", 0, { recipe: "other", step: "smoke:base", onWait }, async () => {});
  expect(waited).toEqual([{ recipe: "demo", step: "validate:base", since: expect.any(String) }]);
});
