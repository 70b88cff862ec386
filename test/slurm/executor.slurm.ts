import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Executor, Job } from "../../src/remote/executor.js";
import { slurmExecutor } from "../../src/remote/slurm/slurm-executor.js";
import type { SlurmSettings } from "../../src/remote/slurm/slurm-settings.js";
import { Cluster, nodeNames } from "./cluster.js";

let cluster: Cluster;
const home = mkdtempSync(join(tmpdir(), "quantsmith-slurm-jobs-"));

beforeAll(async () => {
  cluster = await Cluster.start();
  process.env.SLURM_CONF = cluster.config;
});

afterAll(async () => {
  await cluster.stop();
  rmSync(home, { recursive: true, force: true });
});

/** An executor for a new output folder, whose jobs run their step's id as a shell command. */
async function shellExecutor(name: string, settings: SlurmSettings = {}) {
  const out = join(home, name);
  mkdirSync(out, { recursive: true });
  const notes: string[] = [];
  const executor = await slurmExecutor({
    settings: { cpus: 1, time: 600, ...settings },
    out,
    worker: ({ step }) => ["/bin/sh", "-c", step],
    signal: new AbortController().signal,
    note: (text) => notes.push(text),
  });
  return { executor, out, notes };
}

function job(name: string, command: string, more: Partial<Job> = {}): Job {
  const memoryBytes = 100 * 2 ** 20;
  return { name: `qs-${name}`, key: name, step: command, stage: "quantize", after: [], memoryBytes, ...more };
}

async function end(executor: Executor, jobs: readonly Job[], seconds = 300): Promise<Map<string, string>> {
  const names = jobs.map(({ name }) => name);
  let found = new Map<string, string>();
  await cluster.waitFor(
    "the end of jobs",
    async () => {
      const states = await executor.states(names);
      found = new Map([...states].map(([name, { state }]) => [name, state]));
      return names.every((each) => !["waiting", "running", undefined].includes(found.get(each)));
    },
    seconds,
  );
  return found;
}

test("jobs run after their dependencies, several as one array, and only with the given environment", async () => {
  const { executor, out } = await shellExecutor("order");
  process.env.HF_TOKEN = "hf_secretsecret";
  const first = job("first", "sleep 2; echo first >> order; env > environment");
  const array = ["a", "b", "c"].map((name) => job(name, `echo ${name} >> order`, { after: ["qs-first"] }));
  const last = job("last", "echo last >> order", { after: ["qs-a", "qs-b", "qs-c"] });
  const jobs = [first, ...array, last];
  await executor.prepare?.(jobs);
  await executor.submit(jobs);
  expect([...(await end(executor, jobs)).values()]).toEqual(["done", "done", "done", "done", "done"]);
  const order = readFileSync(join(out, "order"), "utf8").trim().split("\n");
  expect([order[0], order.slice(1, 4).sort(), order[4]]).toEqual(["first", ["a", "b", "c"], "last"]);
  const tasks = await cluster.run(
    "squeue",
    "--states=all",
    "--array",
    "--noheader",
    "--format=%K",
    "--name",
    await arrayName(),
  );
  expect(tasks.trim().split("\n").sort()).toEqual(["0", "1", "2"]);
  const environment = readFileSync(join(out, "environment"), "utf8");
  expect(environment).toContain(`PATH=${process.env.PATH}`);
  expect(environment).not.toContain("secretsecret");
  delete process.env.HF_TOKEN;
});

async function arrayName(): Promise<string> {
  const names = await cluster.run("squeue", "--states=all", "--noheader", "--format=%j");
  return names.split("\n").find((name) => name.startsWith("qs-array-")) ?? "none";
}

test("a failed job cancels its dependents, and the error contains its output; other jobs continue", async () => {
  const { executor } = await shellExecutor("failing");
  const bad = job("bad", "echo broken >&2; exit 3");
  const jobs = [bad, job("after", "true", { after: ["qs-bad"] }), job("other", "true")];
  await executor.submit(jobs);
  const found = await end(executor, jobs);
  expect(Object.fromEntries(found)).toEqual({ "qs-bad": "failed", "qs-after": "lost", "qs-other": "done" });
  const error = (await executor.states(["qs-bad"])).get("qs-bad")?.error;
  expect(error).toMatchObject({ code: "QS-SLURM-JOB", output: expect.stringContaining("broken") });
});

test("jobs with the same name in two output folders are separate", async () => {
  const [one, two] = [await shellExecutor("one"), await shellExecutor("two")];
  const same = job("same", "true");
  await one.executor.submit([same]);
  expect((await two.executor.states([same.name])).size).toBe(0);
  expect((await end(one.executor, [same])).get(same.name)).toBe("done");
});

test("cancel ends waiting and running jobs", async () => {
  const { executor } = await shellExecutor("cancel");
  const running = job("running", "sleep 600");
  const jobs = [running, ...["x", "y"].map((name) => job(name, "true", { after: [running.name] }))];
  await executor.submit(jobs);
  await cluster.waitFor(
    "a running job",
    async () => (await executor.states([running.name])).get(running.name)?.state === "running",
  );
  await executor.cancel(jobs.map(({ name }) => name));
  // Slurm drops tasks that never started.
  await cluster.waitFor("their end", async () => {
    const states = await executor.states(jobs.map(({ name }) => name));
    return [...states.values()].every(({ state }) => state === "cancelled");
  });
});

test("for forbidden limits and partitions, the error contains Slurm's message", async () => {
  const one = job("one", "true");
  const nowhere = await shellExecutor("nowhere", { partition: "nowhere" });
  await expect(nowhere.executor.prepare?.([one])).rejects.toMatchObject({
    code: "QS-SLURM-REFUSED",
    output: expect.stringMatching(/invalid partition/i),
  });
  const huge = await shellExecutor("huge");
  await expect(huge.executor.prepare?.([{ ...one, memoryBytes: 2 ** 50 }])).rejects.toMatchObject({
    code: "QS-SLURM-REFUSED",
  });
  const long = await shellExecutor("long", { partition: "short", time: 3600 });
  const endless = job("endless", "true");
  await long.executor.submit([endless]);
  expect((await end(long.executor, [endless])).get(endless.name)).toBe("failed");
  expect((await long.executor.states([endless.name])).get(endless.name)?.error).toMatchObject({
    code: "QS-SLURM-REFUSED",
    message: expect.stringContaining("PartitionTimeLimit"),
  });
  // A new submission with less time is independent of the job that can never start.
  const short = await shellExecutor("long", { partition: "short", time: 60 });
  await short.executor.submit([endless]);
  expect((await end(short.executor, [endless])).get(endless.name)).toBe("done");
});

test("the error of a job beyond its time or memory limit names the limit", async () => {
  const { executor } = await shellExecutor("limits", { time: 60 });
  const slow = job("slow", "sleep 600");
  const fat = job("fat", `exec ${process.execPath} -e "const b = Buffer.alloc(6e8, 1); setTimeout(() => b, 60000)"`);
  await executor.submit([slow, fat]);
  await end(executor, [slow, fat]);
  const states = await executor.states([slow.name, fat.name]);
  expect(states.get(slow.name)?.error?.code).toBe("QS-SLURM-TIME");
  expect(states.get(fat.name)?.error?.code).toBe("QS-SLURM-MEMORY");
});

test("while the controller is down, jobs continue, polling reports it at once, and submitting waits", async () => {
  const { executor, out, notes } = await shellExecutor("away");
  const before = job("before", "sleep 20; touch ended");
  await executor.submit([before]);
  await cluster.waitFor("a running job", async () => {
    return (await executor.states([before.name])).get(before.name)?.state === "running";
  });
  // A controller saves its state every five seconds, so it loses a job submitted just before a kill.
  await sleep(10_000);
  await cluster.killController();
  await expect(executor.states([before.name])).rejects.toMatchObject({ code: "QS-SLURM-CONTROLLER" });
  const meanwhile = job("meanwhile", "true");
  const submitting = executor.submit([meanwhile]);
  await cluster.waitFor("the job's file", () => existsSync(join(out, "ended")));
  // Slurm's programs retry for some seconds, which hides a shorter outage.
  await cluster.waitFor("a note that the controller does not answer", () =>
    notes.some((note) => /does not respond/.test(note)),
  );
  cluster.startController();
  await submitting;
  expect([...(await end(executor, [before, meanwhile])).values()]).toEqual(["done", "done"]);
  expect(notes).toContainEqual(expect.stringMatching(/responds again/));
});

test("after the controller loses its state, jobs are submitted again", async () => {
  const { executor, out } = await shellExecutor("forgotten");
  const twice = job("twice", "echo started >> starts; sleep 5; touch ended");
  await executor.submit([twice]);
  await cluster.waitFor("a running job", () => existsSync(join(out, "starts")));
  await cluster.loseController();
  cluster.startController();
  await cluster.waitFor("an answer", async () => (await executor.states([]).catch(() => undefined)) !== undefined);
  expect((await executor.states([twice.name])).size).toBe(0);
  await executor.submit([twice]);
  expect((await end(executor, [twice])).get(twice.name)).toBe("done");
  expect(existsSync(join(out, "ended"))).toBe(true);
});

test("jobs of a failed node run again on another", async () => {
  const { executor, out } = await shellExecutor("dead");
  const again = job("again", "echo $SLURMD_NODENAME >> nodes; [ -e second ] && exit 0; touch second; sleep 600");
  const after = job("after", "true", { after: [again.name] });
  await executor.submit([again, after]);
  await cluster.waitFor("a running job", () => existsSync(join(out, "second")));
  const first = readFileSync(join(out, "nodes"), "utf8").trim();
  const node = nodeNames.find((name) => name === first) ?? "n1";
  await cluster.killNode(node);
  const died = performance.now();
  expect([...(await end(executor, [again, after], 900)).values()]).toEqual(["done", "done"]);
  console.log(`a job of a dead node was done ${Math.round((performance.now() - died) / 1000)} s later`);
  expect(new Set(readFileSync(join(out, "nodes"), "utf8").trim().split("\n")).size).toBe(2);
  cluster.startNode(node);
});
