import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Fault } from "../../fixtures/hub-server/faults.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { jobOf, jobsClient, type Scripts, startJobsHub } from "../../fixtures/jobs-client.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { until } from "../../fixtures/until.js";

const scripts: Scripts = {};
let hub: Hub;
let folder: string;
/** Whether the Hub's list shows the jobs. */
let lists: boolean;
/** Answer to requests for jobs, which the Hub executes. */
let start: Fault | undefined;

const late: Fault = { kind: "late", status: 504 };
const json = { headers: { "content-type": "application/json" } };
/** $1 a job. */
const hardware = (unitCostUSD: number) => [
  {
    ...{ name: "cpu-basic", cpu: "2 vCPU", ram: "16 GB", accelerator: null },
    ...{ unitCostMicroUSD: unitCostUSD * 1e6, unitCostUSD, unitLabel: "minute" },
  },
];

beforeEach(async () => {
  folder = temporaryFolder();
  for (const step of Object.keys(scripts)) delete scripts[step];
  hub = await startJobsHub(folder, scripts);
  hub.machines.hardware = hardware(1);
  [lists, start] = [true, undefined];
  hub.faults = ({ method, path }) => {
    if (path !== "/api/jobs/me") return undefined;
    if (method === "POST") return start;
    return lists ? undefined : { kind: "body", body: "[]", ...json };
  };
});
afterEach(async () => {
  vi.useRealTimers();
  await hub.close();
  expect(hub.violations).toEqual([]);
});

const started = (step: string) => hub.machines.named(jobOf(step).name);
const open = (step: string) => started(step).filter(({ over }) => !over);
const client = (given: Parameters<typeof jobsClient>[2] = {}) => jobsClient(hub, temporaryFolder(), given);
const waitFor = (file: string) => `while [ ! -e ${join(folder, file)} ]; do sleep 0.02; done`;
const states = async ({ executor }: ReturnType<typeof client>, step: string) => {
  const found = await executor.states([jobOf(step).name]);
  if (executor.canStart) await executor.startHeld?.(() => undefined);
  return found.get(jobOf(step).name);
};

describe("a start request whose answer is lost", () => {
  test.each<[string, Fault]>([
    ["answered 504", late],
    ["answered with something else", { kind: "body", body: "{}", ...json }],
  ])("counts towards the limit each time, if it was %s and the list never shows its job", async (_, fault) => {
    lists = false;
    start = fault;
    const limited = client({ maxCostUsd: 2 });
    await limited.executor.prepare?.([jobOf("a")]);
    await limited.executor.submit([jobOf("a")]);
    const { a } = await limited.ended("a");
    expect(a?.error).toMatchObject({
      code: "QS-JOBS-COST",
      message: expect.stringContaining("2 jobs that may have started without an answer, the jobs could cost $3.00"),
    });
    expect(hub.requests.filter(({ method, path }) => method === "POST" && path === "/api/jobs/me")).toHaveLength(2);
  });

  test("is repeated a few times only", async () => {
    lists = false;
    start = late;
    const limited = client({ maxCostUsd: 100 });
    await limited.executor.prepare?.([jobOf("a")]);
    await limited.executor.submit([jobOf("a")]);
    expect((await limited.ended("a")).a?.error).toMatchObject({ code: "QS-JOBS-START" });
    expect(started("a")).toHaveLength(4);
  });

  test("is not repeated while the list may be late, and its job is found", async () => {
    scripts.a = waitFor("go");
    vi.useFakeTimers({ toFake: ["performance"] });
    lists = false;
    start = late;
    const waiting = client({ maxCostUsd: 1, listMs: 60_000 });
    await waiting.executor.prepare?.([jobOf("a")]);
    await waiting.executor.submit([jobOf("a")]);
    for (let look = 0; look < 5; look++) {
      expect(await states(waiting, "a")).toEqual({ state: "waiting", why: "looking for its job" });
    }
    expect(
      waiting.notes.filter((text) => text.startsWith("a: a request to start its job has no valid answer")),
    ).toHaveLength(1);
    lists = true;
    await waiting.until("a", "running");
    writeFileSync(join(folder, "go"), "");
    expect((await waiting.ended("a")).a?.state).toBe("done");
    expect(started("a")).toHaveLength(1);
  });

  test("does not count if it was not sent, or refused for the rate limit", async () => {
    const connection = client({ maxCostUsd: 1 });
    start = { kind: "status", status: 429, headers: { "retry-after": "0" } };
    await connection.executor.prepare?.([jobOf("a")]);
    await connection.executor.submit([jobOf("a")]);
    start = undefined;
    expect((await connection.ended("a")).a?.state).toBe("done");
    expect(started("a")).toHaveLength(1);
  });

  test("no longer counts once the list shows a later job of the run, but not its own", async () => {
    hub.faults = ({ method, path, earlier }) =>
      method === "POST" && path === "/api/jobs/me" && earlier === 0 ? { kind: "status", status: 502 } : undefined;
    const limited = client({ maxCostUsd: 2 });
    await limited.executor.prepare?.([jobOf("a"), jobOf("b")]);
    // The first request started nothing. Until the list shows that, two jobs of $1 count.
    await limited.executor.submit([jobOf("a")]);
    expect((await limited.ended("a")).a?.state).toBe("done");
    await limited.executor.submit([jobOf("b")]);
    expect((await limited.ended("b")).b).toEqual({ state: "done" });
  });
});

describe("several jobs of lost requests", () => {
  test("are cancelled but one", async () => {
    scripts.a = waitFor("go");
    const several = client({ maxCostUsd: 5 });
    await several.executor.prepare?.([jobOf("a")]);
    hub.faults = ({ method, path, earlier }) => {
      if (path !== "/api/jobs/me") return undefined;
      if (method === "POST") return late;
      return earlier < 2 ? { kind: "body", body: "[]", ...json } : undefined;
    };
    await several.executor.submit([jobOf("a")]);
    await until(async () => {
      await states(several, "a");
      return started("a").length === 3 && open("a").length === 1;
    });
    writeFileSync(join(folder, "go"), "");
    expect((await several.ended("a")).a?.state).toBe("done");
    expect(several.notes.filter((text) => text.startsWith("cancelled the job"))).toHaveLength(2);
  });

  test("are all cancelled with the run; those that are not found are reported", async () => {
    scripts.a = "sleep 60";
    lists = false;
    start = late;
    const several = client({ maxCostUsd: 2 });
    await several.executor.prepare?.([jobOf("a")]);
    await several.executor.submit([jobOf("a")]);
    expect(started("a")).toHaveLength(2);
    await several.executor.cancel([jobOf("a").name]);
    expect(several.notes.at(-1)).toContain(
      "2 requests to start a job had no valid answer, and the Hub lists no job to cancel",
    );
    lists = true;
    await several.executor.cancel([jobOf("a").name]);
    await Promise.all(started("a").map((job) => job.ended()));
    expect(started("a").map(({ stage }) => stage)).toEqual(["CANCELED", "CANCELED"]);
  });
});
