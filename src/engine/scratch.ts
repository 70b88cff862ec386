import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isSystemError } from "../util/errors.js";

/*
 * Every process builds in a folder of its own below `tmp/`, whose name tells who made it:
 * `run-<machine>-<pid>-<start>-<random>`. What a dead process left is rubbish by definition, since finished work has
 * been renamed away. On this machine the kernel says whether the maker lives; for other machines that share the folder,
 * the maker's heartbeat does.
 */

const heartbeatMs = 5_000;
const staleMs = 60_000;
const pattern = /^run-([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{8}$/;

/** A name for this process's scratch folder. */
export function scratchName(): string {
  return `run-${machineId()}-${process.pid}-${processStartTime(process.pid)}-${randomBytes(4).toString("hex")}`;
}

/** Keeps a scratch folder looking alive to other machines; returns what ends that. */
export function startHeartbeat(folder: string): () => void {
  const beat = () => void utimes(folder, new Date(), new Date()).catch(() => undefined);
  const timer = setInterval(beat, heartbeatMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Scratch folders in `tmp` whose makers still run. */
export async function activeScratch(tmp: string): Promise<string[]> {
  return (await scratchFolders(tmp)).flatMap(({ name, alive }) => (alive ? [name] : []));
}

/** Removes the scratch folders whose makers are gone, and nothing that has another name: it is not ours. */
export async function removeDeadScratch(tmp: string): Promise<void> {
  for (const { name, alive } of await scratchFolders(tmp)) {
    if (!alive) await rm(join(tmp, name), { recursive: true, force: true });
  }
}

/** From one listing: a folder that appears meanwhile has a maker that nobody has asked after. */
async function scratchFolders(tmp: string): Promise<{ name: string; alive: boolean }[]> {
  const names = (await readdir(tmp).catch(() => [])).filter((name) => pattern.test(name));
  return Promise.all(names.map(async (name) => ({ name, alive: await isAlive(tmp, name) })));
}

async function isAlive(tmp: string, name: string): Promise<boolean> {
  const [, machine, pid, start] = pattern.exec(name) ?? [];
  if (machine === undefined) return false;
  // A pid may have been given to another process since; its start time tells.
  if (machine === machineId()) return processStartTime(Number(pid)) === start;
  try {
    const { mtimeMs } = await stat(join(tmp, name));
    return Date.now() - mtimeMs < staleMs;
  } catch (error) {
    // A file system that does not answer says nothing about the maker.
    return !isSystemError(error) || error.code !== "ENOENT";
  }
}

let machine: string | undefined;

/** One boot of one machine, and within it one container: pids mean the same only there. */
function machineId(): string {
  machine ??= createHash("sha256")
    .update([hostname(), readOrEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"))].join())
    .update(readOrEmpty(() => readlinkSync("/proc/self/ns/pid")))
    .digest("hex")
    .slice(0, 8);
  return machine;
}

/** When a process started, in clock ticks since boot; "0" where only its existence can be told, "" when it is gone. */
function processStartTime(pid: number): string {
  if (process.platform === "linux") {
    const status = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
    // The second field is the program's name in parentheses and may hold anything.
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
