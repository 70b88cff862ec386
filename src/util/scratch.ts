import { randomBytes } from "node:crypto";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isMissing } from "./errors.js";
import { isOwnEntry } from "./own-entry.js";
import { isProcessAlive, processName } from "./process-identity.js";

/*
 * Every process works in its own folder, named for its creator: `<kind>-<machine>-<pid>-<start>-<random>`. Folders of dead
 * processes are garbage, since finished work has been renamed into the store. On this machine the kernel shows whether
 * the creator is alive; for other machines that share the folder, its heartbeat does.
 */

/**
 * Runs work in `tmp/` of their output folder, `convert-lora` beside its output file, other commands in the system's folder
 * for temporary files.
 */
export type ScratchKind = "run" | ".convert-lora" | "quantsmith";

const heartbeatMs = 5_000;
/** A heartbeat this close to this machine's clock shows a live creator. Clocks can differ, so others are watched. */
const recentMs = 60_000;
const watchMs = 2.5 * heartbeatMs;
const pattern = /^(run|\.convert-lora|quantsmith)-([0-9a-f]{8}-\d+-\d+)-[0-9a-f]{8}$/;

/** Returns a name for this process's scratch folder. */
export function scratchName(kind: ScratchKind): string {
  return `${kind}-${processName()}-${randomBytes(4).toString("hex")}`;
}

/** Refreshes the heartbeat of a scratch folder for other machines; returns a function that stops it. */
export function startHeartbeat(folder: string): () => void {
  const beat = () => void utimes(folder, new Date(), new Date()).catch(() => undefined);
  const timer = setInterval(beat, heartbeatMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Returns the scratch folders in `tmp` of runs that continue. */
export async function activeScratch(tmp: string): Promise<string[]> {
  return (await scratchFolders(tmp, "run")).flatMap(({ name, alive }) => (alive ? [name] : []));
}

/** Whether a process with this number works in `tmp`; does not wait for the next heartbeat of another machine. */
export async function isWorking(tmp: string, pid: number): Promise<boolean> {
  for (const name of await readdir(tmp).catch(() => [])) {
    const creator = creatorOf(name, "run");
    if (creator?.split("-")[1] !== `${pid}`) continue;
    if (isProcessAlive(creator) ?? (await hasRecentBeat(join(tmp, name)))) return true;
  }
  return false;
}

/**
 * Removes the scratch folders of this user's dead processes, if it can; leaves folders with other names alone. `signal` ends
 * the wait for heartbeats; without one, a folder of another machine stays.
 */
export async function removeDeadScratch(tmp: string, kind: ScratchKind, signal?: AbortSignal): Promise<void> {
  for (const { name, alive } of await scratchFolders(tmp, kind, signal)) {
    const path = join(tmp, name);
    const isGarbage = !alive && (await isOwnEntry(path).catch(() => false));
    if (isGarbage) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Returns the name of the process that created a folder; undefined for a folder of another kind. */
function creatorOf(name: string, kind: ScratchKind): string | undefined {
  const [, found, creator] = pattern.exec(name) ?? [];
  return found === kind ? creator : undefined;
}

async function hasRecentBeat(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Math.abs(Date.now() - found.mtimeMs) < recentMs;
}

/** Uses a single listing: a folder that appears later has a creator that was not checked. */
async function scratchFolders(
  tmp: string,
  kind: ScratchKind,
  signal?: AbortSignal,
): Promise<{ name: string; alive: boolean }[]> {
  const found: Promise<{ name: string; alive: boolean }>[] = [];
  for (const name of await readdir(tmp).catch(() => [])) {
    const creator = creatorOf(name, kind);
    if (creator === undefined) continue;
    found.push(isAlive(join(tmp, name), creator, signal).then((alive) => ({ name, alive })));
  }
  return Promise.all(found);
}

async function isAlive(path: string, creator: string, signal?: AbortSignal): Promise<boolean> {
  const alive = isProcessAlive(creator);
  if (alive !== undefined) return alive;
  try {
    const { mtimeMs } = await stat(path);
    if (Math.abs(Date.now() - mtimeMs) < recentMs) return true;
    await sleep(watchMs, undefined, signal && { signal });
    return (await stat(path)).mtimeMs !== mtimeMs;
  } catch (error) {
    // An end of the wait, or a file system that does not answer, does not prove that the creator is dead.
    return !isMissing(error);
  }
}
