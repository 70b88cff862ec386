import type { JobState } from "../executor.js";
import type { QueueEntry } from "./queue-entry.js";

/** Slurm's states. What is not here comes from a newer Slurm and is waited for. */
const states: Readonly<Record<string, JobState["state"]>> = {
  PENDING: "waiting",
  CONFIGURING: "waiting",
  REQUEUED: "waiting",
  REQUEUE_FED: "waiting",
  RESV_DEL_HOLD: "waiting",
  RUNNING: "running",
  COMPLETING: "running",
  SUSPENDED: "running",
  STOPPED: "running",
  SIGNALING: "running",
  RESIZING: "running",
  STAGE_OUT: "running",
  COMPLETED: "done",
  FAILED: "failed",
  TIMEOUT: "failed",
  DEADLINE: "failed",
  OUT_OF_MEMORY: "failed",
  // Held until somebody releases it, after it could not be started or its script asked for that.
  REQUEUE_HOLD: "failed",
  SPECIAL_EXIT: "failed",
  CANCELLED: "cancelled",
  NODE_FAIL: "lost",
  BOOT_FAIL: "lost",
  PREEMPTED: "lost",
  REVOKED: "lost",
};

/** Reasons for which a pending job never starts by itself. */
const unstartable: Readonly<Record<string, JobState["state"]>> = {
  DependencyNeverSatisfied: "lost",
  BadConstraints: "failed",
  PartitionTimeLimit: "failed",
  PartitionNodeLimit: "failed",
  // Its machine could not start it; another may.
  "launch failed requeued held": "lost",
};

/** Where a job stands, from what Slurm knows of it; `why` is in Slurm's words. */
export function jobState(entry: QueueEntry): JobState {
  const { reason, node } = entry;
  const because = reason === "None" || reason === "" ? "" : ` (${reason})`;
  const where = node === undefined ? "" : ` on ${node}`;
  const state = stateByReason(entry) ?? states[entry.state] ?? "waiting";
  return { state, why: `${entry.state}${because}${where}` };
}

function stateByReason({ state, reason }: QueueEntry): JobState["state"] | undefined {
  if (state === "PENDING") return unstartable[reason];
  // Slurm takes jobs away whose predecessor did not end well. That one may be submitted again, and then they may too.
  if (state === "CANCELLED" && reason === "DependencyNeverSatisfied") return "lost";
  // Somebody, or the system, killed the worker, which itself never ends by a signal.
  if (state === "FAILED" && reason.startsWith("RaisedSignal:9")) return "lost";
  return undefined;
}

/** Whether Slurm itself still means to run it, or does. */
export function isInQueue(entry: QueueEntry): boolean {
  const state = states[entry.state] ?? "waiting";
  return state === "waiting" || state === "running" || entry.state === "REQUEUE_HOLD" || entry.state === "SPECIAL_EXIT";
}
