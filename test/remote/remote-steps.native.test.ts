import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { RunOutcome } from "../../src/engine/run-plan.js";
import type { Step, StepInput } from "../../src/plan/plan.js";
import { jobName } from "../../src/remote/executor.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { withLock } from "../../src/util/lock.js";
import { onDevice, someStep } from "../fixtures/plan.js";
import { ProcessQueue } from "../fixtures/process-queue.js";
import { compareStep, resultOf, startPlan, textFile } from "../fixtures/remote-plan.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

/* Steps without tools, in a queue of real worker processes. test/e2e/executor.test.ts tests the real flow. */
const home = temporaryFolder();
const one = textFile(home, "one.txt", "The first text is about ships.");
const two = textFile(home, "two.txt", "The second one is about bread.");
const long = "A sentence that occurs in both of these texts and is too long to occur in both by chance alone. ".repeat(
  3,
);
const copy = [textFile(home, "a.txt", `One. ${long}`), textFile(home, "b.txt", `Two. ${long}`)];

let count = 0;
const queues: ProcessQueue[] = [];
function place(options?: { slots?: number; parts?: number }) {
  const out = join(home, `out-${count++}`);
  const queue = new ProcessQueue(out, options);
  queues.push(queue);
  return { out, queue };
}

afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()));
});

const statuses = ({ steps }: RunOutcome) => Object.fromEntries(steps.map(({ id, status }) => [id, status]));
const codes = ({ errors }: RunOutcome) => errors.map(({ step, error }) => [step, (error as QuantsmithError).code]);
const chain = (): Step[] => [
  compareStep("first", [one, two]),
  compareStep("left", [resultOf("first"), one]),
  compareStep("right", [resultOf("first"), two]),
];

/** Interrupts a run as soon as it has written its first job file. */
async function writtenJob(run: ReturnType<typeof startPlan>, queue: ProcessQueue, jobs: string) {
  await until(() => queue.submissions.length > 0);
  const file = readdirSync(jobs).find((name) => /^[0-9a-f]{64}\.json$/.test(name)) ?? "";
  run.interrupt();
  await expect(run.ended).rejects.toThrow("interrupted");
  return { key: file.slice(0, 64) };
}

test("submits a whole graph at once; its workers' results equal a local run's", async () => {
  const { out, queue } = place();
  const done = await startPlan(out, chain(), queue).ended;
  expect(statuses(done)).toEqual({ first: "built", left: "built", right: "built" });
  expect(queue.submissions).toHaveLength(3);
  const local = await startPlan(join(home, "local"), chain(), undefined).ended;
  const outputs = ({ records }: RunOutcome) =>
    [...records].map(([id, { key, outputs }]) => [id, key, outputs.map(({ path, sha256 }) => [path, sha256])]);
  expect(outputs(done).sort()).toEqual(outputs(local).sort());
  expect(readdirSync(join(out, "store", ".jobs"), { recursive: true })).toEqual(["files"]);

  const again = await startPlan(out, chain(), queue).ended;
  expect(statuses(again)).toEqual({ first: "cached", left: "cached", right: "cached" });
  expect(queue.submissions).toHaveLength(3);
});

test("runs local steps in this process, then submits their readers", async () => {
  const { out, queue } = place();
  const own = someStep({ id: "own", inputs: { text: resultOf("first") } });
  const steps = [
    compareStep("first", [one, two]),
    own,
    compareStep("last", [{ ...resultOf("own"), file: "model.gguf" } as never, one]),
  ];
  const done = await startPlan(out, steps, queue).ended;
  expect(statuses(done)).toEqual({ first: "built", own: "built", last: "built" });
  expect(queue.submissions).toHaveLength(2);
});

test("resubmits a lost job, one whose machine died, and jobs the queue cancelled for them", async () => {
  const { out, queue } = place();
  const fates = new Map([["first", ["die", "lose"]]]);
  queue.onStart = ({ step }) => (fates.get(step)?.shift() as "die" | undefined) ?? "run";
  const run = startPlan(out, chain(), queue);
  expect(statuses(await run.ended)).toEqual({ first: "built", left: "built", right: "built" });
  const notes = run.seen.flatMap((event) => (event.type === "step-note" ? [`${event.id}: ${event.note}`] : []));
  expect(notes.filter((note) => note.startsWith("first"))).toEqual([
    "first: its job is lost; submitting it again",
    "first: its job is no longer in the queue; submitting it again",
  ]);
  expect(queue.submissions.length).toBeLessThanOrEqual(3 + 2 + 2);
});

test("fails a job that is lost three times, and skips its dependents", async () => {
  const { out, queue } = place();
  queue.onStart = ({ step }) => (step === "left" ? "lose" : "run");
  const steps = [...chain(), compareStep("last", [resultOf("left"), one])];
  const done = await startPlan(out, steps, queue).ended;
  expect(statuses(done)).toEqual({ first: "built", left: "failed", right: "built", last: "skipped" });
  expect(codes(done)).toEqual([["left", "QS-WORKER-LOST"]]);
});

test("removes shared texts when no job needs them any more", async () => {
  const { out, queue } = place();
  queue.held = true;
  const shared = () => readdirSync(join(out, "store", ".jobs", "files")).length;
  const first = startPlan(out, [compareStep("first", [one, two])], queue);
  await until(() => queue.submissions.length === 1);
  const second = startPlan(out, [compareStep("second", [two, textFile(home, "three.txt", "A third.")])], queue);
  await until(() => queue.submissions.length === 2);
  expect(shared()).toBe(3);
  first.interrupt();
  await expect(first.ended).rejects.toThrow("interrupted");
  expect(shared()).toBe(2);
  queue.held = false;
  queue.advance();
  expect(statuses(await second.ended)).toEqual({ second: "built" });
  expect(shared()).toBe(0);
});

test("a job whose text another run removed is submitted again with it", async () => {
  const { out, queue } = place();
  let removed = 0;
  queue.onStart = () => {
    if (removed++ === 0) rmSync(join(out, "store", ".jobs", "files"), { recursive: true });
    return "run";
  };
  const done = await startPlan(out, [compareStep("first", [one, two])], queue).ended;
  expect(statuses(done)).toEqual({ first: "built" });
  expect(queue.submissions).toHaveLength(2);
});

test("a worker's error fails the step and skips only its dependents; the next run tries again", async () => {
  const { out, queue } = place();
  const steps = [
    compareStep("bad", copy),
    compareStep("good", [one, two]),
    compareStep("last", [resultOf("bad"), one]),
  ];
  for (let round = 1; round <= 2; round++) {
    const done = await startPlan(out, steps, queue).ended;
    expect(statuses(done)).toEqual({ bad: "failed", good: round === 1 ? "built" : "cached", last: "skipped" });
    expect(codes(done)).toEqual([["bad", "QS-TEXT-OVERLAP"]]);
    await until(() => queue.isIdle());
    expect(queue.started.filter((name) => name === queue.submissions[0])).toHaveLength(round);
  }
});

test("does not resubmit a job that a user cancels", async () => {
  const { out, queue } = place();
  queue.held = true;
  const run = startPlan(out, [compareStep("first", [one, two])], queue);
  await until(() => queue.submissions.length === 1);
  await queue.cancel(queue.submissions);
  expect(codes(await run.ended)).toEqual([["first", "QS-WORKER-CANCELLED"]]);
});

test("an interrupted run cancels its jobs, but not those that another run waits for", async () => {
  const { out, queue } = place();
  queue.held = true;
  const first = startPlan(out, chain(), queue);
  await until(() => queue.submissions.length === 3);
  // It adopts the jobs in the queue, and has another step.
  const second = startPlan(out, [...chain().slice(0, 2), compareStep("more", [two, one])], queue);
  await until(() => queue.submissions.length === 4);
  first.interrupt();
  await expect(first.ended).rejects.toThrow("interrupted");
  expect(queue.cancelled).toEqual([queue.submissions[2]]);
  queue.held = false;
  queue.advance();
  expect(statuses(await second.ended)).toEqual({ first: "built", left: "built", more: "built" });
});

test("does not resubmit steps that another run's jobs finish before this run reads the queue", async () => {
  const { out, queue } = place();
  const states = queue.states.bind(queue);
  let asked = 0;
  queue.states = async (names) => {
    // Between the plan and this request, as while a killed run still has the lock.
    if (asked++ === 0) await startPlan(out, chain().slice(0, 2), undefined).ended;
    return states(names);
  };
  const done = await startPlan(out, chain(), queue).ended;
  expect(statuses(done)).toEqual({ first: "cached", left: "cached", right: "built" });
  const right = done.records.get("right")?.key ?? "";
  expect(queue.submissions).toEqual([jobName(right)]);
  expect(readdirSync(join(out, "store", ".jobs"))).toEqual(["files"]);
});

test("workers rebuild finished steps with --fresh", async () => {
  const { out, queue } = place();
  await startPlan(out, chain(), queue).ended;
  // A worker that is about to exit would count as a worker of the second run.
  await until(() => queue.isIdle());
  const done = await startPlan(out, chain(), queue, { fresh: true }).ended;
  expect(statuses(done)).toEqual({ first: "built", left: "built", right: "built" });
  expect(queue.started).toHaveLength(6);
});

test("after a lost shard, a step waits for its other shards and repeats only unfinished work", async () => {
  const { out, queue } = place({ slots: 1, parts: 3 });
  queue.onStart = ({ shard }) => {
    if (shard?.index !== 1 || queue.held || queue.started.length > 1) return "run";
    queue.held = true;
    return "die";
  };
  const run = startPlan(out, [compareStep("first", [one, two], { isShardable: true })], queue);
  await until(() => queue.submissions.length === 4);
  const [lost, second, third, own] = queue.submissions;
  // Longer than the polls before a job counts as lost.
  await until(() => queue.stateOf("first") === "cancelled");
  const { looks } = queue;
  await until(() => queue.looks >= looks + 10);
  expect(queue.submissions).toHaveLength(4);
  queue.held = false;
  queue.advance();
  expect(statuses(await run.ended)).toEqual({ first: "built" });
  expect(queue.submissions).toEqual([lost, second, third, own, lost, own]);
});

test("an interrupted run cancels the shards of a step whose own job is lost", async () => {
  const { out, queue } = place({ slots: 1, parts: 3 });
  queue.onStart = () => {
    queue.held = true;
    return "die";
  };
  const run = startPlan(out, [compareStep("first", [one, two], { isShardable: true })], queue);
  await until(() => queue.stateOf("first") === "cancelled");
  run.interrupt();
  await expect(run.ended).rejects.toThrow("interrupted");
  expect(queue.cancelled).toEqual(queue.submissions.slice(1, 3));
});

test("resubmits a job that another run cancels during its adoption", async () => {
  const { out, queue } = place();
  const states = queue.states.bind(queue);
  let asked = 0;
  queue.states = async (names) => {
    // Running for a moment, then cancelled, as after an interrupt of another run.
    if (queue.submissions.length > 0) return states(names);
    const state = asked++ === 0 ? "running" : "cancelled";
    return new Map(names.map((name) => [name, { state }]));
  };
  const done = await startPlan(out, [compareStep("first", [one, two])], queue).ended;
  expect(statuses(done)).toEqual({ first: "built" });
  expect(queue.submissions).toHaveLength(1);
});

/** Takes the lock of runs that submit jobs, as another run does; returns a function that releases it. */
async function lockSubmissions(out: string): Promise<() => Promise<void>> {
  let release: (() => void) | undefined;
  const work = () => new Promise<void>((resolve) => (release = resolve));
  const released = withLock(join(out, "store", ".locks", "submit.lock"), {}, work);
  await until(() => release !== undefined);
  return async () => {
    release?.();
    await released;
  };
}

const waitingForLock = (out: string) =>
  `waiting for another run that submits or cancels jobs: process ${process.pid} has the lock ${join(out, "store", ".locks", "submit.lock")}`;
const notesOf = ({ seen }: ReturnType<typeof startPlan>) =>
  seen.flatMap((event) => (event.type === "step-note" ? [event.note] : []));

test("a run that waits for another run's submission says which one", async () => {
  const { out, queue } = place();
  const release = await lockSubmissions(out);
  const run = startPlan(out, [compareStep("first", [one, two])], queue);
  await until(() => notesOf(run).length > 0);
  expect([notesOf(run), queue.submissions]).toEqual([[waitingForLock(out)], []]);
  await release();
  expect(statuses(await run.ended)).toEqual({ first: "built" });
});

test("jobs that the executor holds back start under the lock of submissions", async () => {
  const { out, queue } = place();
  queue.held = true;
  const isLocked: boolean[] = [];
  const startHeld = async () => {
    isLocked.push(existsSync(join(out, "store", ".locks", "submit.lock")));
    Object.assign(queue, { canStart: false, held: false });
    queue.advance();
  };
  const run = startPlan(out, [compareStep("first", [one, two])], Object.assign(queue, { startHeld }));
  await until(() => queue.submissions.length === 1);
  const release = await lockSubmissions(out);
  Object.assign(queue, { canStart: true });
  await until(() => notesOf(run).length > 0);
  expect([notesOf(run), isLocked]).toEqual([[waitingForLock(out)], []]);
  await release();
  expect([statuses(await run.ended), isLocked]).toEqual([{ first: "built" }, [true]]);
});

test("an interrupted run does not wait for another run's long submission", async () => {
  const { out, queue } = place();
  queue.held = true;
  const run = startPlan(out, [compareStep("first", [one, two])], queue);
  await until(() => queue.submissions.length === 1);
  const release = await lockSubmissions(out);
  run.interrupt();
  await expect(run.ended).rejects.toThrow("interrupted");
  expect(notesOf(run)).toEqual([waitingForLock(out), "could not cancel its job: another run is submitting jobs"]);
  await release();
});

test("steps of one run that are submitted again at once do not wait for another run", async () => {
  const { out, queue } = place();
  const fates = new Map([
    ["one", ["lose"]],
    ["two", ["lose"]],
  ]);
  queue.onStart = ({ step }) => (fates.get(step)?.shift() as "lose" | undefined) ?? "run";
  const run = startPlan(out, [compareStep("one", [one, two]), compareStep("two", [two, one])], queue);
  expect(statuses(await run.ended)).toEqual({ one: "built", two: "built" });
  expect(new Set(notesOf(run))).toEqual(new Set(["its job is no longer in the queue; submitting it again"]));
});

describe("a run that was suspended, and whose lock another run took over", () => {
  const lock = (out: string) => join(out, "store", ".locks", "submit.lock");

  test("submits no job again", async () => {
    const { out, queue } = place();
    queue.held = true;
    const [states, submit] = [queue.states.bind(queue), queue.submit.bind(queue)];
    const others: ReturnType<typeof startPlan>[] = [];
    const takeOver = async (jobs: number) => {
      rmSync(lock(out), { recursive: true });
      const steps = [...chain(), compareStep("more", [two, one])].slice(0, jobs);
      others.push(startPlan(out, steps, queue));
      await until(() => queue.submissions.length === jobs);
    };
    queue.states = async (names) => {
      const found = await states(names);
      if (others.length === 0) await takeOver(3);
      return found;
    };
    queue.submit = async (jobs, requireHeld) => {
      // Suspended between two requests.
      if (others.length === 1 && jobs.length === 1) await takeOver(4);
      await submit(jobs, requireHeld);
    };
    const run = startPlan(out, [...chain(), compareStep("more", [two, one])], queue);
    await until(() => queue.submissions.length === 4);
    queue.held = false;
    queue.advance();
    const all = { first: "built", left: "built", right: "built", more: "built" };
    expect(statuses(await run.ended)).toEqual(all);
    for (const other of others) expect(all).toMatchObject(statuses(await other.ended));
    expect(queue.submissions).toHaveLength(4);
  });

  test("cancels no job when it is interrupted", async () => {
    const { out, queue } = place();
    queue.held = true;
    const run = startPlan(out, [compareStep("first", [one, two])], queue);
    await until(() => queue.submissions.length === 1);
    // Whether a run of another machine is alive takes a while to see.
    const elsewhere = join(out, "tmp", "run-00000000-1-1-00000000");
    mkdirSync(elsewhere);
    utimesSync(elsewhere, 1, 1);
    run.interrupt();
    await until(() => existsSync(lock(out)));
    rmSync(lock(out), { recursive: true });
    await expect(run.ended).rejects.toThrow("interrupted");
    const notes = run.seen.flatMap((event) => (event.type === "step-note" ? [event.note] : []));
    expect([notes, queue.cancelled]).toEqual([["could not cancel its job: another run is submitting jobs"], []]);
  });
});

const dropping = { plan: { keepIntermediates: false } };

/** Builds a plan and drops its intermediates: at the end of the first run its last worker may still be exiting. */
async function runAndDrop(out: string, steps: readonly Step[], queue: ProcessQueue): Promise<void> {
  await startPlan(out, steps, queue, dropping).ended;
  await until(() => queue.isIdle());
  await startPlan(out, steps, queue, dropping).ended;
}

test("submits readers of a dropped file only after this process has rebuilt it", async () => {
  const { out, queue } = place();
  const own = someStep({ id: "own", tools: [], intermediates: ["model.gguf"] });
  const reader = (id: string, other: StepInput) =>
    compareStep(id, [{ ...resultOf("own"), file: "model.gguf" } as never, other]);
  await runAndDrop(out, [own, reader("left", one)], queue);
  const files = () =>
    readdirSync(join(out, "store"), { recursive: true }).filter((name) => String(name).endsWith("model.gguf"));
  expect(files()).toEqual([]);
  const submit = queue.submit.bind(queue);
  const present: boolean[] = [];
  queue.submit = (jobs) => {
    present.push(files().length > 0);
    return submit(jobs);
  };
  const done = await startPlan(out, [own, reader("left", one), reader("right", two)], queue, dropping).ended;
  expect(statuses(done)).toMatchObject({ left: "cached", right: "built" });
  expect(present).toEqual([true]);
});

test("rebuilds a dropped file that a job needs by a job", async () => {
  const { out, queue } = place();
  const first = compareStep("first", [one, two], { intermediates: ["texts.json"] });
  await runAndDrop(out, [first, compareStep("left", [resultOf("first"), one])], queue);
  const { records } = await startPlan(out, [first], queue).ended;
  expect(records.get("first")?.outputs[0]?.dropped).toBe(true);
  const done = await startPlan(out, [first, compareStep("right", [resultOf("first"), two])], queue).ended;
  expect(statuses(done)).toEqual({ first: "built", right: "built" });
  expect(queue.started).toHaveLength(4);
});

test("a cost limit ends the run before any submission", async () => {
  const { out, queue } = place();
  const tooDear = new QuantsmithError("QS-USAGE", "too dear", { remedy: "Pay more." });
  const seen: string[] = [];
  const prepare = async (jobs: readonly { step: string }[]) => {
    seen.push(...jobs.map(({ step }) => step));
    throw tooDear;
  };
  await expect(startPlan(out, chain(), Object.assign(queue, { prepare })).ended).rejects.toBe(tooDear);
  expect([seen, queue.submissions]).toEqual([["first", "left", "right"], []]);
});

test("rejects files that no worker wrote, and forwards their notes", async () => {
  const { out, queue } = place();
  queue.held = true;
  const jobs = join(out, "store", ".jobs");
  const { key } = await writtenJob(startPlan(out, [compareStep("first", [one, two])], queue), queue, jobs);
  const note = { type: "step-note", id: "x", time: "\u001b[2J", note: "\u001b[2Jhello" };
  const lines = ["null", "[]", "{", '{"type":"step-progress","id":"x"}', JSON.stringify(note)];
  for (const report of ["{", "null", "[]", '{"code":5}']) {
    queue.held = true;
    const run = startPlan(out, [compareStep("first", [one, two])], queue);
    await until(() => queue.stateOf("first") === "waiting");
    writeFileSync(join(jobs, `${key}.ndjson`), `${lines.join("\n")}\n`);
    await until(() => run.seen.some(({ type }) => type === "step-note"));
    writeFileSync(join(jobs, `${key}.error.json`), report);
    expect(codes(await run.ended)).toEqual([["first", "QS-WORKER-FAILED"]]);
    expect(run.seen.flatMap((event) => (event.type === "step-note" ? [event.note] : []))).toEqual(["\u001b[2Jhello"]);
  }
});

test("cancels jobs that were submitted before a submission failed", async () => {
  const { out, queue } = place();
  queue.held = true;
  const submit = queue.submit.bind(queue);
  let failed = false;
  queue.submit = async (jobs) => {
    if (failed) return submit(jobs);
    failed = true;
    await submit(jobs.slice(0, 2));
    throw new QuantsmithError("QS-SLURM-REFUSED", "too many jobs", { remedy: "Submit fewer." });
  };
  const run = startPlan(out, chain(), queue);
  await until(() => failed);
  run.interrupt();
  await expect(run.ended).rejects.toThrow("interrupted");
  expect(queue.cancelled).toEqual(queue.submissions);
});

test("checks a step before its submission even if only a local step needs it later", async () => {
  const { out, queue } = place();
  const prepared: string[][] = [];
  const prepare = async (jobs: readonly { step: string }[]) => {
    prepared.push(jobs.map(({ step }) => step));
  };
  Object.assign(queue, { prepare });
  const first = compareStep("first", [one, two], { intermediates: ["texts.json"] });
  const last = (version: number) => someStep({ id: "last", version, tools: [], inputs: { text: resultOf("first") } });
  for (const version of [1, 2]) {
    const done = await startPlan(out, [first, last(version)], queue, { plan: { keepIntermediates: false } }).ended;
    expect(done.errors).toEqual([]);
  }
  expect(prepared).toEqual([["first"], ["first"]]);
  expect(queue.submissions).toHaveLength(2);
});

test("steps finish by their records in the store while the queue does not answer", async () => {
  const { out, queue } = place();
  const ask = queue.states.bind(queue);
  let asked = 0;
  Object.assign(queue, { isUnreachable: () => true });
  queue.states = (names) => (asked++ === 0 ? ask(names) : Promise.reject(new Error("connection refused")));
  const run = startPlan(out, [compareStep("first", [one, two])], queue);
  expect(statuses(await run.ended)).toEqual({ first: "built" });
  const notes = run.seen.flatMap((event) => (event.type === "step-note" ? [event.note] : []));
  expect(notes).toEqual(["test does not respond (connection refused); trying again"]);
});

test("repeated refusals of the queue fail the run, a single one does not", async () => {
  const { out, queue } = place();
  queue.held = true;
  const ask = queue.states.bind(queue);
  let asked = 0;
  const refused = () => Promise.reject(new QuantsmithError("QS-SLURM-REFUSED", "no such user", { remedy: "Ask." }));
  queue.states = (names) => ([0, 2].includes(asked++) ? ask(names) : refused());
  const run = startPlan(out, [compareStep("first", [one, two])], queue);
  expect(codes(await run.ended)).toEqual([["first", "QS-SLURM-REFUSED"]]);
  expect(asked).toBe(6);

  const other = place();
  other.queue.states = refused;
  const unsubmitted = await startPlan(other.out, [compareStep("first", [one, two])], other.queue).ended;
  expect([codes(unsubmitted), other.queue.submissions]).toEqual([[["first", "QS-SLURM-REFUSED"]], []]);
});

test("waits for a queue that does not answer during a submission", async () => {
  const { out, queue } = place();
  const ask = queue.states.bind(queue);
  let asked = 0;
  Object.assign(queue, { isUnreachable: () => true });
  queue.states = (names) => (asked++ < 3 ? Promise.reject(new Error("connection refused")) : ask(names));
  const run = startPlan(out, [compareStep("first", [one, two])], queue);
  expect([statuses(await run.ended), queue.submissions.length]).toEqual([{ first: "built" }, 1]);
  expect(run.seen.filter(({ type }) => type === "step-note")).toHaveLength(1);
});

test("reports the queue's error for a failed job without a report", async () => {
  const { out, queue } = place();
  queue.held = true;
  const error = new QuantsmithError("QS-SLURM-TIME", "it took too long", { remedy: "Give it more time." });
  queue.states = async (names) => new Map(names.map((name) => [name, { state: "failed", why: "TIMEOUT", error }]));
  const done = await startPlan(out, [compareStep("first", [one, two])], queue).ended;
  expect(codes(done)).toEqual([["first", "QS-SLURM-TIME"]]);
});

test("submits steps once each when their inputs end at the same time", async () => {
  const { out, queue } = place({ slots: 8 });
  const ids = Array.from({ length: 8 }, (_, index) => `step ${index}`);
  const done = await startPlan(out, [...chain(), ...ids.map((id) => compareStep(id, [resultOf("first"), two]))], queue)
    .ended;
  expect(done.errors).toEqual([]);
  expect(queue.submissions).toHaveLength(new Set(queue.submissions).size);
  expect(readdirSync(join(out, "store", ".jobs"))).toEqual(["files"]);
});

test("a refusal of the queue fails the submitted steps; their job files are correct, and their texts are removed", async () => {
  const { out, queue } = place();
  const jobs = join(out, "store", ".jobs");
  const described: unknown[] = [];
  queue.submit = ([{ key = "" } = {}]) => {
    described.push(JSON.parse(readFileSync(join(jobs, `${key}.json`), "utf8")));
    return Promise.reject(new QuantsmithError("QS-ENV-FILE", "no such partition", { remedy: "Name one." }));
  };
  const done = await startPlan(out, chain(), queue).ended;
  expect(statuses(done)).toEqual({ first: "failed", left: "skipped", right: "skipped" });
  expect(codes(done)).toEqual([["first", "QS-ENV-FILE"]]);
  expect(described[0]).toMatchObject({ format: 1 });
  expect(readdirSync(join(jobs, "files"))).toEqual([]);
});

test("a job for a device fails with a code on a machine without it", async () => {
  const { out, queue } = place();
  const step = { ...compareStep("first", [one, two]), usesDevices: true };
  const run = startPlan(out, [step], queue, { plan: onDevice("cuda") });
  expect(codes(await run.ended)).toEqual([["first", "QS-WORKER-COMPUTE"]]);
});
