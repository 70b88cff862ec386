import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { failureOf } from "../../fixtures/failure.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { image, jobOf, jobsClient, type Scripts, startJobsHub } from "../../fixtures/jobs-client.js";
import { canary } from "../../fixtures/publish-client.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { until } from "../../fixtures/until.js";

const scripts: Scripts = {};
let hub: Hub;
let folder: string;

beforeEach(async () => {
  folder = temporaryFolder();
  for (const step of Object.keys(scripts)) delete scripts[step];
  hub = await startJobsHub(folder, scripts);
});
afterEach(async () => {
  vi.useRealTimers();
  await hub.close();
  expect(hub.violations).toEqual([]);
});

const started = (step: string) => hub.machines.named(jobOf(step).name);
const client = (given: Parameters<typeof jobsClient>[2] = {}) => jobsClient(hub, temporaryFolder(), given);
/** Returns a command that runs until `file` exists. */
const waitFor = (file: string) => `while [ ! -e ${join(folder, file)} ]; do sleep 0.02; done`;

describe("a job", () => {
  test("is requested with image, flavor, limit, labels and bucket, without secrets, and runs", async () => {
    scripts.a = `echo made > ${folder}/a; echo "token [$HF_TOKEN]"; echo second`;
    const { executor, ended, notes } = client({ bucket: "me/store/runs" });
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    expect(await ended("a")).toEqual({ a: { state: "done" } });
    const [job] = started("a");
    expect(job?.spec).toEqual({
      ...{ dockerImage: image, flavor: "cpu-basic", timeoutSeconds: 60 },
      command: [
        ...["quantsmith", "worker", jobOf("a").key, "--threads", "2"],
        ...["--out", "/quantsmith", "--scratch", "/tmp/quantsmith"],
      ],
      labels: {
        quantsmith: jobOf("a").name,
        "quantsmith-store": expect.any(String),
        "quantsmith-attempt": expect.any(String),
      },
      volumes: [{ type: "bucket", source: "me/store", mountPath: "/quantsmith", path: "runs", readOnly: false }],
    });
    // The job's output reaches the run line by line, without the token.
    expect(notes).toEqual([
      "1 job of at most 1 min on cpu-basic ($0.01 an hour) costs at most $0.01; the limit is $1.00",
      "a: token []",
      "a: second",
    ]);
    expect(hub.requests.every(({ body }) => !body.includes(canary))).toBe(true);
  });

  test("is not started by a run that lost its lock meanwhile", async () => {
    scripts.a = waitFor("go");
    const { executor } = client();
    const jobs = [jobOf("a"), jobOf("b")];
    await executor.prepare?.(jobs);
    const requireHeld = () => {
      if (hub.machines.jobs.length > 0) throw new Error("lost");
    };
    await expect(executor.submit(jobs, requireHeld)).rejects.toThrow("lost");
    expect([started("a").length, started("b").length]).toEqual([1, 0]);
    writeFileSync(join(folder, "go"), "");
  });

  test("waits for its dependencies and for a free slot", async () => {
    scripts.a = waitFor("go");
    const { executor, ended, until: reaches } = client({ jobs: 1 });
    const jobs = [jobOf("a"), jobOf("b", ["a"]), jobOf("c"), jobOf("d", ["an earlier one that is done"])];
    await executor.prepare?.(jobs);
    await executor.submit(jobs);
    await reaches("a", "running");
    const states = await executor.states(jobs.map(({ name }) => name));
    expect([...states.values()].map(({ state, why }) => `${state} ${why ?? ""}`)).toEqual([
      "running ",
      `waiting waiting for ${jobOf("a").name}`,
      "waiting waiting for a free slot",
      "waiting waiting for a free slot",
    ]);
    expect(hub.machines.jobs).toHaveLength(1);
    writeFileSync(join(folder, "go"), "");
    const all = await ended("a", "b", "c", "d");
    expect(Object.values(all).map(({ state }) => state)).toEqual(["done", "done", "done", "done"]);
    const [a, b] = [started("a")[0], started("b")[0]];
    expect(b?.startedAt?.getTime()).toBeGreaterThanOrEqual(a?.finishedAt?.getTime() ?? Number.POSITIVE_INFINITY);
  });

  test("that fails reports the end of its log, and its successors are not started", async () => {
    scripts.a = "echo quantizing; echo 'out of disk' >&2; exit 4";
    const { executor, ended } = client();
    const jobs = [jobOf("a"), jobOf("b", ["a"]), jobOf("c", ["b"])];
    await executor.prepare?.(jobs);
    await executor.submit(jobs);
    const { a, b, c } = await ended("a", "b", "c");
    expect(a).toMatchObject({ state: "failed", error: { code: "QS-JOBS-FAILED", exitCode: 4 } });
    expect(a?.why).toMatch(/^the job of a failed \(Job failed with exit code: 4.*\): http.*\/jobs\/me\/[0-9a-f]{24}$/);
    expect(a?.error?.output?.split("\n").sort()).toEqual(["out of disk", "quantizing"]);
    expect([b?.state, c?.state]).toEqual(["cancelled", "cancelled"]);
    expect(hub.machines.jobs).toHaveLength(1);
  });

  test("counts as running until its files must be visible; its successor starts before", async () => {
    scripts.b = waitFor("go");
    vi.useFakeTimers({ toFake: ["performance"] });
    const { executor, ended, until: reaches } = client({ settleMs: 1000 });
    const jobs = [jobOf("a"), jobOf("b", ["a"])];
    await executor.prepare?.(jobs);
    await executor.submit(jobs);
    await reaches("b", "running");
    vi.advanceTimersByTime(999);
    const states = await executor.states([jobOf("a").name]);
    expect([...states.values()]).toEqual([{ state: "running", why: "ended; waiting for its files" }]);
    vi.advanceTimersByTime(1);
    expect((await ended("a")).a?.state).toBe("done");
    writeFileSync(join(folder, "go"), "");
  });

  test("that fails counts as running until its files must be visible, then cancels its successor", async () => {
    scripts.a = "exit 4";
    vi.useFakeTimers({ toFake: ["performance"] });
    const { executor, until: reaches } = client({ settleMs: 1000 });
    const jobs = [jobOf("a"), jobOf("b", ["a"])];
    await executor.prepare?.(jobs);
    await executor.submit(jobs);
    const states = async () =>
      [...(await executor.states(jobs.map(({ name }) => name))).values()].map(({ state, why }) => `${state} ${why}`);
    await until(async () => (await states())[0] === "running ended; waiting for its files");
    vi.advanceTimersByTime(999);
    expect(await states()).toEqual(["running ended; waiting for its files", `waiting waiting for ${jobOf("a").name}`]);
    vi.advanceTimersByTime(1);
    await reaches("a", "failed");
    await reaches("b", "cancelled");
  });

  test("that exceeds its time limit fails with QS-JOBS-TIMEOUT", async () => {
    scripts.a = "echo slow; sleep 60";
    const { executor, ended } = client();
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    await until(() => started("a")[0]?.log.some(({ data }) => data === "slow"));
    started("a")[0]?.reachLimit();
    const { a } = await ended("a");
    expect(a).toMatchObject({ state: "failed", error: { code: "QS-JOBS-TIMEOUT", output: "slow" } });
    expect(a?.error?.remedy).toContain("executors.hfJobs.timeout");
  });

  test("whose image cannot be pulled fails with a remedy", async () => {
    hub.machines.images.clear();
    const { executor, ended } = client();
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    const { a } = await ended("a");
    expect(a?.error).toMatchObject({
      code: "QS-JOBS-FAILED",
      remedy: expect.stringContaining("executors.hfJobs.image"),
    });
  });

  test.each<[string, (step: string) => void]>([
    ["its machine dies", (step) => started(step)[0]?.kill("SIGKILL")],
    ["the Hub no longer lists it", (step) => hub.machines.lose(started(step)[0])],
    ["a user deletes it", (step) => started(step)[0]?.end("DELETED")],
  ])("is lost when %s, and can be started again", async (_, lose) => {
    scripts.a = waitFor("go");
    const { executor, ended, until: reaches } = client();
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    await reaches("a", "running");
    lose("a");
    expect((await ended("a")).a?.state).toBe("lost");
    writeFileSync(join(folder, "go"), "");
    await executor.submit([jobOf("a")]);
    expect((await ended("a")).a?.state).toBe("done");
  });
});

describe("cancelling", () => {
  test("ends running jobs, drops held ones, and leaves others alone", async () => {
    scripts.a = "sleep 60";
    scripts.b = waitFor("go");
    const { executor, ended, until: reaches } = client({ jobs: 2 });
    const jobs = [jobOf("a"), jobOf("b"), jobOf("c")];
    await executor.prepare?.(jobs);
    await executor.submit(jobs);
    await reaches("a", "running");
    await executor.cancel([jobOf("a").name, jobOf("c").name, "qs-never-heard-of"]);
    expect(started("a")[0]?.stage).not.toBe("COMPLETED");
    writeFileSync(join(folder, "go"), "");
    expect(await ended("a", "b")).toMatchObject({ a: { state: "cancelled" }, b: { state: "done" } });
    expect((await executor.states([jobOf("c").name])).size).toBe(0);
    expect(started("c")).toEqual([]);
  });

  test("works after the run was interrupted, and while the Hub is busy", async () => {
    scripts.a = "sleep 60";
    const interrupt = new AbortController();
    const { executor, until: reaches } = client({ signal: interrupt.signal });
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    await reaches("a", "running");
    interrupt.abort(new Error("interrupted"));
    await expect(executor.states([jobOf("a").name])).rejects.toThrow("interrupted");
    hub.faults = ({ path, earlier }) =>
      path.endsWith("/cancel") && earlier < 2 ? { kind: "status", status: 503 } : undefined;
    await executor.cancel([jobOf("a").name]);
    await started("a")[0]?.ended();
    expect(started("a")[0]?.stage).toBe("CANCELED");
  });

  test("finds a job that was started while the run was interrupted", async () => {
    scripts.a = "sleep 60";
    const interrupt = new AbortController();
    const { executor } = client({ signal: interrupt.signal });
    await executor.prepare?.([jobOf("a")]);
    const submitted = executor.submit([jobOf("a")]).catch(() => undefined);
    await until(() => hub.machines.jobs.length > 0);
    interrupt.abort(new Error("interrupted"));
    await executor.cancel([jobOf("a").name]);
    await submitted;
    await started("a")[0]?.ended();
    expect(started("a").map(({ stage }) => stage)).toEqual(["CANCELED"]);
  });

  test("finds a job by the request whose answer was lost", async () => {
    scripts.a = "sleep 60";
    const { executor } = client();
    await executor.prepare?.([jobOf("a")]);
    hub.faults = ({ method }) => (method === "POST" ? { kind: "late", status: 500 } : { kind: "status", status: 503 });
    await executor.submit([jobOf("a")]);
    expect(started("a")).toHaveLength(1);
    hub.faults = () => undefined;
    await executor.cancel([jobOf("a").name]);
    await started("a")[0]?.ended();
    expect(started("a").map(({ stage }) => stage)).toEqual(["CANCELED"]);
  });

  test("by another user is reported", async () => {
    scripts.a = "sleep 60";
    const { executor, ended, until: reaches } = client();
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    await reaches("a", "running");
    started("a")[0]?.end("CANCELED");
    expect((await ended("a")).a).toEqual({ state: "cancelled", why: "was cancelled" });
  });
});

describe("another run", () => {
  test("finds running jobs, and no others", async () => {
    scripts.a = `echo begun; ${waitFor("go")}`;
    scripts.b = "exit 4";
    const first = client();
    await first.executor.prepare?.([jobOf("a"), jobOf("b")]);
    await first.executor.submit([jobOf("a"), jobOf("b")]);
    await first.until("a", "running");
    await first.ended("b");
    hub.machines.pageSize = 1;

    // Another output folder has a job with the same name.
    hub.machines.buckets.set("me/other", folder);
    const other = client({ bucket: "me/other" });
    expect((await other.executor.states([jobOf("a").name])).size).toBe(0);

    const second = client();
    await second.executor.prepare?.([jobOf("a"), jobOf("b")]);
    const known = await second.executor.states([jobOf("a").name, jobOf("b").name]);
    // An earlier failure is not reported: its report is in the store.
    expect([...known]).toEqual([[jobOf("a").name, { state: "running" }]]);
    await second.executor.submit([jobOf("b")]);
    writeFileSync(join(folder, "go"), "");
    expect(await second.ended("a", "b")).toMatchObject({ a: { state: "done" }, b: { state: "failed" } });
    expect(second.notes).toContain("a: begun");
    expect([started("a").length, started("b").length]).toEqual([1, 2]);
  });
});

describe("two runs at once", () => {
  test("start a job that both hold back once", async () => {
    scripts.a = waitFor("go");
    scripts.b = waitFor("done");
    const jobs = [jobOf("a"), jobOf("b", ["a"])];
    const names = jobs.map(({ name }) => name);
    const [first, second] = [client(), client()];
    await first.executor.prepare?.(jobs);
    await first.executor.submit(jobs);
    await second.executor.prepare?.(jobs);
    await second.executor.states(names);
    await second.executor.submit([jobOf("b", ["a"])]);
    writeFileSync(join(folder, "go"), "");
    await first.until("b", "running");
    await second.until("b", "running");
    writeFileSync(join(folder, "done"), "");
    expect(await second.ended("b")).toMatchObject({ b: { state: "done" } });
    expect(started("b")).toHaveLength(1);
  });

  test("start jobs only by `startHeld`, for which they have a lock, and each looks for those of the other first", async () => {
    scripts.a = waitFor("go");
    scripts.b = waitFor("done");
    const jobs = [jobOf("a"), jobOf("b", ["a"])];
    const names = jobs.map(({ name }) => name);
    const [first, second] = [client().executor, client().executor];
    await first.prepare?.(jobs);
    await first.submit(jobs);
    await second.prepare?.(jobs);
    await second.states(names);
    await second.submit([jobOf("b", ["a"])]);
    writeFileSync(join(folder, "go"), "");
    for (const executor of [first, second]) {
      await until(async () => (await executor.states(names)) && executor.canStart);
    }
    expect(started("b")).toEqual([]);
    const lost = () => {
      throw new Error("lost");
    };
    await expect(first.startHeld?.(lost)).rejects.toThrow("lost");
    for (const executor of [first, second]) await executor.startHeld?.(() => undefined);
    expect([started("b").length, first.canStart, second.canStart]).toEqual([1, false, false]);
    writeFileSync(join(folder, "done"), "");
  });

  test("do not start jobs of finished steps", async () => {
    scripts.a = waitFor("go");
    const { executor, ended } = client();
    await executor.prepare?.([jobOf("a"), jobOf("b", ["a"])]);
    await executor.submit([jobOf("a"), jobOf("b", ["a"])]);
    executor.finished?.([jobOf("b").name]);
    writeFileSync(join(folder, "go"), "");
    await ended("a");
    await executor.states([jobOf("a").name]);
    expect(started("b")).toEqual([]);
  });
});

describe("when the Hub has trouble", () => {
  test("a job that was not searched does not count as absent, and is not started again", async () => {
    scripts.a = waitFor("go");
    const first = client();
    await first.executor.prepare?.([jobOf("a")]);
    await first.executor.submit([jobOf("a")]);
    const second = client();
    await second.executor.prepare?.([jobOf("a")]);
    hub.faults = ({ path }) => (path === "/api/jobs/me" ? { kind: "status", status: 503 } : undefined);
    const refused = await failureOf(second.executor.states([jobOf("a").name]));
    expect(second.executor.isUnreachable?.(refused)).toBe(true);
    hub.faults = () => undefined;
    expect((await second.executor.states([jobOf("a").name])).get(jobOf("a").name)?.state).toBe("running");
    writeFileSync(join(folder, "go"), "");
  });

  test("a start repeated after an outage reserves its cost once, and its job is found", async () => {
    scripts.a = waitFor("go");
    const { executor, until: reaches, ended } = client({ timeout: 60, maxCostUsd: 167e-6 });
    await executor.prepare?.([jobOf("a")]);
    hub.faults = ({ method }) => (method === "POST" ? { kind: "late", status: 500 } : { kind: "status", status: 503 });
    await executor.submit([jobOf("a")]);
    hub.faults = () => undefined;
    await reaches("a", "running");
    writeFileSync(join(folder, "go"), "");
    expect((await ended("a")).a?.state).toBe("done");
    expect(started("a")).toHaveLength(1);
  });

  test.each([
    ["answers 500 although the job was started", { kind: "late", status: 500 }],
    ["answers 504 although the job was started", { kind: "late", status: 504 }],
    ["breaks the connection during the request", { kind: "cut", after: 0 }],
    ["does not answer", { kind: "reset", after: 0 }],
    ["is busy", { kind: "status", status: 429, headers: { "retry-after": "0" } }],
  ] as const)("a job is started once: it %s", async (_, fault) => {
    hub.faults = ({ method, path, earlier }) =>
      method === "POST" && path === "/api/jobs/me" && earlier === 0 ? fault : undefined;
    const { executor, ended } = client();
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    expect((await ended("a")).a?.state).toBe("done");
    expect(started("a")).toHaveLength(1);
  });

  test("an outage does not fail jobs, is reported once, and does not start a job twice", async () => {
    scripts.a = waitFor("go");
    const { executor, ended, notes, until: reaches } = client();
    await executor.prepare?.([jobOf("a"), jobOf("b", ["a"])]);
    await executor.submit([jobOf("a"), jobOf("b", ["a"])]);
    await reaches("a", "running");
    hub.faults = ({ method }) => (method === "POST" ? { kind: "late", status: 500 } : { kind: "status", status: 503 });
    for (let look = 0; look < 3; look++) {
      expect((await executor.states([jobOf("a").name])).get(jobOf("a").name)?.state).toBe("running");
    }
    expect(notes.filter((text) => text.includes("503"))).toHaveLength(1);
    // Reads succeed, but requests for new jobs do not: the outcome of b's start is unknown.
    hub.faults = ({ method }) => (method === "POST" ? { kind: "late", status: 500 } : undefined);
    writeFileSync(join(folder, "go"), "");
    expect(await ended("a", "b")).toMatchObject({ a: { state: "done" }, b: { state: "done" } });
    expect(started("b")).toHaveLength(1);
  });

  test("an interrupted log is continued, with every line once", async () => {
    scripts.a = "for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.03; done; echo line 8; echo line 8";
    hub.faults = ({ path, earlier }) =>
      path.endsWith("/logs") && earlier < 3 ? { kind: "reset", after: 150 + earlier * 100 } : undefined;
    const { executor, ended, notes } = client();
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    await ended("a");
    const lines = notes.filter((text) => text.startsWith("a: "));
    expect(lines).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8, 8].map((n) => `a: line ${n}`));
  });

  test.each([
    [402, "positive balance"],
    [403, "may start and manage jobs"],
    [422, "Check `executors.hfJobs`"],
  ])("a refusal (%i) is final, with the Hub's message", async (status, remedy) => {
    hub.faults = ({ method }) =>
      method === "POST" ? { kind: "status", status, headers: { "x-error-message": `No: ${canary}` } } : undefined;
    const { executor, ended } = client();
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    const { a } = await ended("a");
    expect(a?.error).toMatchObject({ code: "QS-JOBS-REFUSED", remedy: expect.stringContaining(remedy) });
    expect(a?.error?.message).toBe(`starting a job: the Hub refused the request (${status}): No: [redacted]`);
  });

  test("an error names a missing bucket", async () => {
    const { executor, ended } = client({ bucket: "me/nothing" });
    await executor.prepare?.([jobOf("a")]);
    await executor.submit([jobOf("a")]);
    expect((await ended("a")).a?.error?.message).toContain("Bucket me/nothing not found");
  });
});
