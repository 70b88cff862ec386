import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isRunning } from "./is-running.js";
import { readOrEmpty } from "./read-or-empty.js";

/** Returns a name for this process that no other process has, on any machine, even after pids are reused. */
export function processName(): string {
  return `${machineId()}-${process.pid}-${startTime(process.pid)}`;
}

/** Whether the process with this name runs; undefined for a process of another machine or container. */
export function isProcessAlive(name: string): boolean | undefined {
  const [machine, pid, start] = name.split("-");
  return machine === machineId() ? startTime(Number(pid)) === start : undefined;
}

/** Number of the user that creates the files of a running process of this machine with this name; undefined if unknown. */
export function processUser(name: string): number | undefined {
  const status = readOrEmpty(() => readFileSync(`/proc/${name.split("-")[1]}/status`, "utf8"));
  const user = /^Uid:.*\t(\d+)$/m.exec(status)?.[1];
  return user === undefined ? undefined : Number(user);
}

let machine: string | undefined;

/** One boot of one machine or container: pids and start times are comparable only within it. */
function machineId(): string {
  const read = (path: string) => readOrEmpty(() => readFileSync(path, "utf8"));
  const namespace = (kind: string) => readOrEmpty(() => readlinkSync(`/proc/self/ns/${kind}`));
  machine ??= createHash("sha256")
    .update([hostname(), read("/proc/sys/kernel/random/boot_id")].join())
    .update(namespace("pid") + namespace("time"))
    .digest("hex")
    .slice(0, 8);
  return machine;
}

/**
 * Start time of a process in clock ticks since boot; "0" where only its existence is known, as without /proc; "" if it
 * does not exist.
 */
function startTime(pid: number): string {
  const hasProc = readOrEmpty(() => readFileSync("/proc/self/stat", "utf8")) !== "";
  if (!hasProc) return isRunning(pid) ? "0" : "";
  const status = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the program's name in parentheses and may contain any character.
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? "" : (fields[19] ?? "");
}
