import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseJob } from "../../../src/remote/hf-jobs/api/job-info.js";
import { CostLimit } from "../../../src/remote/hf-jobs/cost-limit.js";
import { formatUsd, jobUsd } from "../../../src/remote/hf-jobs/job-cost.js";
import { failureOf, thrownBy } from "../../fixtures/failure.js";
import type { Fault } from "../../fixtures/hub-server/faults.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { jobOf, jobsClient, startJobsHub } from "../../fixtures/jobs-client.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

let hub: Hub;
beforeEach(async () => {
  hub = await startJobsHub(temporaryFolder(), { a: "kill -9 $$" });
});
afterEach(async () => {
  await hub.close();
  expect(hub.violations).toEqual([]);
});

const client = (given: Parameters<typeof jobsClient>[2] = {}) => jobsClient(hub, temporaryFolder(), given);
const price = (unitCostMicroUSD: unknown, unitCostUSD: unknown, unitLabel = "minute", accelerator: unknown = null) => [
  { name: "cpu-basic", cpu: "2 vCPU", ram: "16 GB", accelerator, unitCostMicroUSD, unitCostUSD, unitLabel },
];
const eightGpus = { type: "gpu", model: "H200", quantity: "8", vram: "1128 GB", manufacturer: "Nvidia" };

test("a job that ended before it started, by the Hub's times, counts with its worst case", () => {
  const at = (startedAt: string, finishedAt: string) =>
    parseJob({ id: "a", status: { stage: "COMPLETED" }, startedAt, finishedAt }, { doing: "listing jobs", repo: "me" })
      .seconds;
  expect(at("2026-12-01T10:00:00Z", "2026-12-01T10:01:00Z")).toBe(60);
  expect(at("2026-12-01T10:01:00Z", "2026-12-01T10:00:00Z")).toBeUndefined();
  const limit = new CostLimit(10, 1);
  limit.reserve("a", 300, { name: "a", lost: 0 });
  limit.settle("a", at("2026-12-01T23:00:00Z", "2026-12-01T10:00:00Z"));
  expect(limit.atMostUsd).toBe(5);
});

test("started minutes are billed, and the worst case is rounded up to the cent", () => {
  expect([0, 1, 60, 61].map((seconds) => jobUsd(seconds, 0.5))).toEqual([0, 0.5, 0.5, 1]);
  expect([48, 0.001, 1.001, 0.1 + 0.2].map(formatUsd)).toEqual(["$48.00", "$0.01", "$1.01", "$0.30"]);
});

describe("before anything is started", () => {
  test("reports the worst case, and the expected cost from past durations", async () => {
    const pastSeconds = new Map([
      ["a", 90],
      ["b", 30],
    ]);
    const { executor, notes } = client({ timeout: 3 * 3600, pastSeconds, maxCostUsd: 0.2 });
    const big = { ...jobOf("c"), memoryBytes: 20e9 };
    await executor.prepare?.([jobOf("a"), jobOf("b"), { ...jobOf("c"), shard: { index: 1, count: 2 } }, big]);
    // 4 jobs × 180 minutes × $0.000167; 3 and 2 minutes.
    expect(notes).toEqual([
      "4 jobs of at most 3 h on cpu-basic ($0.01 an hour) cost at most $0.13; the limit is $0.20",
      "Expected: $0.01, from the last duration of 2 of 3 steps",
      "cpu-basic has 16.0 GB of memory, and c may need 20.0 GB",
    ]);
  });

  test("rejects a worst case above the limit, with the figure", async () => {
    const { executor } = client({ timeout: 3 * 3600, maxCostUsd: 0.12 });
    const error = await failureOf(Promise.resolve(executor.prepare?.(["a", "b", "c", "d"].map((step) => jobOf(step)))));
    expect(error).toMatchObject({ code: "QS-JOBS-COST", exitCode: 2 });
    expect(error.message).toContain("cost at most $0.13, more than --max-cost 0.12 allows");
  });

  test("rejects a missing limit, with a sufficient one", async () => {
    const { executor } = client({ timeout: 3 * 3600, maxCostUsd: undefined });
    const error = await failureOf(Promise.resolve(executor.prepare?.(["a", "b", "c", "d"].map((step) => jobOf(step)))));
    expect(error).toMatchObject({
      code: "QS-JOBS-COST",
      remedy: expect.stringContaining("`--max-cost 0.13` to accept"),
    });
  });

  test.each<[string, unknown]>([
    ["no price", [{ name: "cpu-basic" }]],
    ["a price of zero", price(0, 0)],
    ["a negative price", price(-167, -0.000167)],
    ["a price that is not a number", price(Number.NaN, Number.NaN)],
    ["a price far below that of any machine", price(1, 0.000001, "hour")],
    ["the price of a minute as that of an hour", price(167, 0.000167, "hour")],
    ["the price of a minute of eight GPUs as that of an hour", price(666_667, 0.666667, "hour", eightGpus)],
    ["two prices", price(167, 0.167)],
    ["the flavor twice", [...price(167, 0.000167), ...price(170_000, 0.17)]],
    ["an unknown unit", price(167, 0.000167, "credit")],
    ["text for a price", price("167", 0.000167)],
    ["an answer that is not a list", { error: "later" }],
  ])("rejects %s", async (_, hardware) => {
    hub.machines.hardware = hardware;
    const error = await failureOf(Promise.resolve(client().executor.prepare?.([jobOf("a")])));
    expect(error).toMatchObject({ code: "QS-JOBS-PRICE", exitCode: 5 });
  });

  test.each<[string, Fault, string]>([
    ["a list that cannot be fetched", { kind: "status", status: 500 }, "QS-HUB-FAILED"],
    ["a list that is not JSON", { kind: "body", body: "<html>" }, "QS-HUB-ANSWER"],
  ])("rejects %s", async (_, fault, code) => {
    hub.faults = ({ path }) => (path === "/api/jobs/hardware" ? fault : undefined);
    expect(await failureOf(Promise.resolve(client().executor.prepare?.([jobOf("a")])))).toMatchObject({ code });
  });

  test("converts a price per hour", async () => {
    hub.machines.hardware = price(10_000, 0.01, "hour");
    const { executor, notes } = client();
    await executor.prepare?.([jobOf("a")]);
    expect(notes[0]).toContain("($0.01 an hour)");
  });

  test("accepts the price of a machine with GPUs", async () => {
    hub.machines.hardware = price(40_000_000, 40, "hour", eightGpus);
    const { executor, notes } = client();
    await executor.prepare?.([jobOf("a")]);
    expect(notes[0]).toContain("($40 an hour)");
  });

  test("rejects unknown hardware, with the nearest name", async () => {
    hub.machines.hardware = [{ ...price(167, 0.000167)[0], name: "cpu-basics" }];
    const error = await failureOf(Promise.resolve(client().executor.prepare?.([jobOf("a")])));
    expect(error).toMatchObject({
      code: "QS-JOBS-FLAVOR",
      remedy: expect.stringContaining("Did you mean `cpu-basics`?"),
    });
  });

  afterEach(() => expect(hub.machines.jobs).toEqual([]));
});

test("restarted jobs count again towards the limit", async () => {
  const { executor, ended } = client({ maxCostUsd: 0.0004 });
  await executor.prepare?.([jobOf("a")]);
  for (let attempt = 0; attempt < 2; attempt++) {
    await executor.submit([jobOf("a")]);
    expect((await ended("a")).a?.state).toBe("lost");
  }
  await executor.submit([jobOf("a")]);
  expect((await ended("a")).a?.error).toMatchObject({ code: "QS-JOBS-COST" });
  expect(hub.machines.jobs).toHaveLength(2);
});

test("the limit counts the worst case of a job, then its actual duration", () => {
  const limit = new CostLimit(10, 1);
  limit.reserve("a", 300, { name: "a", lost: 0 });
  limit.adopt("b", 240);
  expect(limit.atMostUsd).toBe(9);
  expect(thrownBy(() => limit.reserve("c", 61, { name: "c", lost: 0 }))).toMatchObject({
    code: "QS-JOBS-COST",
    message: "including c, the jobs could cost $11.00, more than --max-cost 10 allows",
  });
  expect(thrownBy(() => limit.reserve("c", 61, { name: "c", lost: 1 }))).toMatchObject({
    message: expect.stringMatching(/^including c and 1 job that may have started without an answer, the jobs could/),
  });
  // a: two minutes and one for the startup. b: the Hub reports no duration. c: never started.
  limit.settle("a", 119);
  limit.settle("b", undefined);
  limit.reserve("c", 60, { name: "c", lost: 0 });
  limit.release("c");
  expect(limit.atMostUsd).toBe(3 + 4);
});
