import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isSystemError } from "../util/errors.js";

/*
 * Every process builds in its own folder below `tmp/`, named for its creator: `run-<machine>-<pid>-<start>-<random>`.
 * Folders of dead processes are garbage, since finished work has been renamed into the store. On this machine the
 * kernel shows whether the creator is alive; for other machines that share the folder, its heartbeat does.
 */

const heartbeatMs = 5_000;
const staleMs = 60_000;
const pattern = /^run-([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{8}$/;

/** Returns a name for this process's scratch folder. */
export function scratchName(): string {
  return `run-${machineId()}-${process.pid}-${processStartTime(process.pid)}-${randomBytes(4).toString("hex")}`;
}

/** Refreshes the heartbeat of a scratch folder for other machines; returns a function that stops it. */
export function startHeartbeat(folder: string): () => void {
  const beat = () => void utimes(folder, new Date(), new Date()).catch(() => undefined);
  const timer = setInterval(beat, heartbeatMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Returns the scratch folders in `tmp` whose creators still run. */
export async function activeScratch(tmp: string): Promise<string[]> {
  return (await scratchFolders(tmp)).flatMap(({ name, alive }) => (alive ? [name] : []));
}

/** Removes the scratch folders of dead processes, if it can; leaves folders with other names alone. */
export async function removeDeadScratch(tmp: string): Promise<void> {
  for (const { name, alive } of await scratchFolders(tmp)) {
    if (!alive) await rm(join(tmp, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Uses a single listing: a folder that appears later has a creator that was not checked. */
async function scratchFolders(tmp: string): Promise<{ name: string; alive: boolean }[]> {
  const names = (await readdir(tmp).catch(() => [])).filter((name) => pattern.test(name));
  return Promise.all(names.map(async (name) => ({ name, alive: await isAlive(tmp, name) })));
}

async function isAlive(tmp: string, name: string): Promise<boolean> {
  const [, machine, pid, start] = pattern.exec(name) ?? [];
  if (machine === undefined) return false;
  // Another process may have the pid by now, with another start time.
  if (machine === machineId()) return processStartTime(Number(pid)) === start;
  try {
    const { mtimeMs } = await stat(join(tmp, name));
    return Date.now() - mtimeMs < staleMs;
  } catch (error) {
    // A file system that does not answer does not prove that the creator is dead.
    return !isSystemError(error) || error.code !== "ENOENT";
  }
}

let machine: string | undefined;

/** One boot of one machine or container: pids are comparable only within it. */
function machineId(): string {
  machine ??= createHash("sha256")
    .update([hostname(), readOrEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"))].join())
    .update(readOrEmpty(() => readlinkSync("/proc/self/ns/pid")))
    .digest("hex")
    .slice(0, 8);
  return machine;
}

/** Start time of a process in clock ticks since boot; "0" if only its existence is known, "" if it does not exist. */
function processStartTime(pid: number): string {
  if (process.platform === "linux") {
    const status = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
    // The second field is the program's name in parentheses and may contain any character.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "" : (fields[19] ?? "");
  }
  try {
    process.kill(pid, 0);
    return "0";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "0" : "";
  }
}

function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
