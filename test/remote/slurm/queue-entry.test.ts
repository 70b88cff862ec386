import { expect, test } from "vitest";
import { isInQueue, jobState } from "../../../src/remote/slurm/job-state.js";
import { later, parseQueue } from "../../../src/remote/slurm/queue-entry.js";

/** Output of Slurm 22.05.8, with shortened folders. */
const recorded = `8|N/A|PENDING|2026-11-20T18:07:29|n/a|qs-f|PartitionDown|/data/qst
6|N/A|PENDING|2026-11-20T18:07:29|n/a|qs-e|PartitionTimeLimit|/data/qst
18_1|1|PENDING|2026-11-20T18:09:15|n/a|qs-array-392998006ee324f3|BeginTime|/data/qst
9|N/A|RUNNING|2026-11-20T18:07:29|n2|qs-d|None|/data/qst
3|N/A|CANCELLED|2026-11-20T18:07:29|n/a|qs-c|DependencyNeverSatisfied|/data/qst
1|N/A|COMPLETED|2026-11-20T18:07:29|n1|qs-a|None|/data/qst
4_0|0|COMPLETED|2026-11-20T18:07:29|n1|qs-array-0123456789abcdef|None|/data/qst
2|N/A|FAILED|2026-11-20T18:07:29|n1|qs-b|NonZeroExitCode|/data/qst
20|N/A|TIMEOUT|2026-11-20T18:10:17|n2|qs-env|TimeLimit|/data/q|st
21|N/A|PENDING|2026-11-20T18:10:17|n/a|qs-rq|BeginTime|/data/qst
2|N/A|CANCELLED|2026-11-20T18:37:28|n/a|qs-array-392998006ee324f3|Dependency|/data/qst
`;

test("parses squeue's output, including array tasks and unusual folders", () => {
  const entries = parseQueue(`squeue: warning: something\n${recorded}`);
  expect(entries).toHaveLength(11);
  expect(entries[2]).toEqual({
    id: "18_1",
    slurmName: "qs-array-392998006ee324f3",
    task: 1,
    state: "PENDING",
    reason: "BeginTime",
    submitted: "2026-11-20T18:09:15",
    workFolder: "/data/qst",
  });
  expect(entries[8]).toMatchObject({ id: "20", node: "n2", workFolder: "/data/q|st" });
  expect(entries[10]).not.toHaveProperty("task");
});

test("maps Slurm's states to states of a run", () => {
  const states = parseQueue(recorded).map((entry) => jobState(entry));
  expect(states.map(({ state }) => state)).toEqual([
    "waiting",
    "failed", // exceeds a limit of the partition, so it would wait for ever
    "waiting",
    "running",
    "lost", // cancelled after a failed dependency
    "done",
    "done",
    "failed",
    "failed",
    "waiting", // back in the queue after its node died
    "cancelled",
  ]);
  expect(states[3]?.why).toBe("RUNNING on n2");
  expect(states[8]?.why).toBe("TIMEOUT (TimeLimit) on n2");
});

test.each([
  ["NODE_FAIL", "None", "lost"],
  ["PREEMPTED", "None", "lost"],
  ["FAILED", "RaisedSignal:9(Killed)", "lost"],
  ["OUT_OF_MEMORY", "OutOfMemory", "failed"],
  ["PENDING", "DependencyNeverSatisfied", "lost"],
  ["PENDING", "launch failed requeued held", "lost"],
  ["REQUEUED", "None", "waiting"],
  ["COMPLETING", "None", "running"],
  ["OF_A_LATER_SLURM", "None", "waiting"],
])("%s (%s) is %s", (state, reason, expected) => {
  const entry = { id: "1", slurmName: "qs-a", state, reason, submitted: "", workFolder: "" };
  expect(jobState(entry).state).toBe(expected);
});

test("a job that can never start is still in Slurm's queue, and must be cancelled", () => {
  const inQueue = parseQueue(recorded).filter(isInQueue);
  expect(inQueue.map(({ id }) => id)).toEqual(["8", "6", "18_1", "9", "21"]);
});

test("the latest entry of a name counts, even after ids restart, and a task before its array", () => {
  const entry = (id: string, submitted: string, task?: number) => ({
    ...{ id, slurmName: "qs-a", state: "FAILED", reason: "", submitted, workFolder: "" },
    ...(task === undefined ? {} : { task }),
  });
  const [old, young] = [entry("900", "2026-11-20T18:07:29"), entry("2", "2026-11-20T19:00:00")];
  expect(later(old, young)).toBe(young);
  expect(later(young, old)).toBe(young);
  const [array, task] = [entry("7", "2026-11-20T18:07:29"), entry("7_3", "2026-11-20T18:07:29", 3)];
  expect(later(array, task)).toBe(task);
  expect(later(task, array)).toBe(task);
  expect(later(entry("9", "x"), entry("10", "x")).id).toBe("10");
});
