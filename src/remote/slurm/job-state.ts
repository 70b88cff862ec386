import type { JobState } from "../executor.js";
import type { QueueEntry } from "./queue-entry.js";

/** Slurm's states. A state that is not listed here is from a newer Slurm and counts as waiting. */
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
  // Held until a user releases it, after a failed start or on request of its script.
  REQUEUE_HOLD: "failed",
  SPECIAL_EXIT: "failed",
  CANCELLED: "cancelled",
  NODE_FAIL: "lost",
  BOOT_FAIL: "lost",
  PREEMPTED: "lost",
  REVOKED: "lost",
};

/** Reasons for which a pending job never starts. */
const unstartable: Readonly<Record<string, JobState["state"]>> = {
  DependencyNeverSatisfied: "lost",
  BadConstraints: "failed",
  PartitionTimeLimit: "failed",
  PartitionNodeLimit: "failed",
  // Its machine could not start it; another machine may.
  "launch failed requeued held": "lost",
};

/** Returns the state of a job from its queue entry; `why` is in Slurm's terms. */
export function jobState(entry: QueueEntry): JobState {
  const { reason, node } = entry;
  const because = reason === "None" || reason === "" ? "" : ` (${reason})`;
  const where = node === undefined ? "" : ` on ${node}`;
  const state = stateByReason(entry) ?? states[entry.state] ?? "waiting";
  return { state, why: `${entry.state}${because}${where}` };
}

function stateByReason({ state, reason }: QueueEntry): JobState["state"] | undefined {
  if (state === "PENDING") return unstartable[reason];
  // Slurm cancels jobs whose predecessor failed. The predecessor, and then this job, may be submitted again.
  if (state === "CANCELLED" && reason === "DependencyNeverSatisfied") return "lost";
  // A user or the system killed the worker, which never exits by a signal itself.
  if (state === "FAILED" && reason.startsWith("RaisedSignal:9")) return "lost";
  return undefined;
}

/** Whether Slurm will run the job, or is running it. */
export function isInQueue(entry: QueueEntry): boolean {
  const state = states[entry.state] ?? "waiting";
  return state === "waiting" || state === "running" || entry.state === "REQUEUE_HOLD" || entry.state === "SPECIAL_EXIT";
}
