import { randomBytes } from "node:crypto";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isMissing } from "../util/errors.js";
import { isProcessAlive, processName } from "../util/process-identity.js";

/*
 * Every process builds in its own folder below `tmp/`, named for its creator: `run-<machine>-<pid>-<start>-<random>`.
 * Folders of dead processes are garbage, since finished work has been renamed into the store. On this machine the
 * kernel shows whether the creator is alive; for other machines that share the folder, its heartbeat does.
 */

const heartbeatMs = 5_000;
/** A heartbeat this close to this machine's clock shows a live creator. Clocks can differ, so others are watched. */
const recentMs = 60_000;
const watchMs = 2.5 * heartbeatMs;
const pattern = /^run-([0-9a-f]{8}-\d+-\d+)-[0-9a-f]{8}$/;

/** Returns a name for this process's scratch folder. */
export function scratchName(): string {
  return `run-${processName()}-${randomBytes(4).toString("hex")}`;
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

/** Whether a process with this number works in `tmp`; does not wait for the next heartbeat of another machine. */
export async function isWorking(tmp: string, pid: number): Promise<boolean> {
  for (const name of await readdir(tmp).catch(() => [])) {
    const creator = pattern.exec(name)?.[1];
    if (creator?.split("-")[1] !== `${pid}`) continue;
    if (isProcessAlive(creator) ?? (await hasRecentBeat(join(tmp, name)))) return true;
  }
  return false;
}

/** Removes the scratch folders of dead processes, if it can; leaves folders with other names alone. */
export async function removeDeadScratch(tmp: string): Promise<void> {
  for (const { name, alive } of await scratchFolders(tmp)) {
    if (!alive) await rm(join(tmp, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

async function hasRecentBeat(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Math.abs(Date.now() - found.mtimeMs) < recentMs;
}

/** Uses a single listing: a folder that appears later has a creator that was not checked. */
async function scratchFolders(tmp: string): Promise<{ name: string; alive: boolean }[]> {
  const names = (await readdir(tmp).catch(() => [])).filter((name) => pattern.test(name));
  return Promise.all(names.map(async (name) => ({ name, alive: await isAlive(tmp, name) })));
}

async function isAlive(tmp: string, name: string): Promise<boolean> {
  const creator = pattern.exec(name)?.[1];
  if (creator === undefined) return false;
  const alive = isProcessAlive(creator);
  if (alive !== undefined) return alive;
  const path = join(tmp, name);
  try {
    const { mtimeMs } = await stat(path);
    if (Math.abs(Date.now() - mtimeMs) < recentMs) return true;
    await sleep(watchMs);
    return (await stat(path)).mtimeMs !== mtimeMs;
  } catch (error) {
    // A file system that does not answer does not prove that the creator is dead.
    return !isMissing(error);
  }
}
