import { randomBytes } from "node:crypto";
import { rmdirSync, rmSync } from "node:fs";
import { lstat, mkdir, readdir, rm, rmdir, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "./errors.js";
import { makeFolder } from "./files.js";
import { isProcessAlive, processName } from "./process-identity.js";

/*
 * A lock is a folder that contains one empty file, named for its owner. A process takes a lock over by the removal of
 * that file, so only one succeeds. A dead owner on this machine is detected at once; elsewhere by a missing heartbeat,
 * which is any change of the file's time. Clocks jump, and those of machines differ, so no time is compared with a clock.
 */

const heartbeatMs = 1000;
const retryMs = 200;
/** Consecutive looks without a heartbeat, about five seconds in all, after which another process takes a lock over. */
const maxSilentLooks = 25;
/** The same for a lock without an owner file, which is created at once. A live owner notices the takeover, see `create`. */
const maxOwnerlessLooks = 2;

export interface LockOptions {
  signal?: AbortSignal;
  /** Called once if another process has the lock. */
  onWait?: () => void;
}

/**
 * Runs `work` under a lock across processes; waits while another process has the lock. The lock is a folder at `path`;
 * its parent is created. `lost` fires if another process took the lock over because this one stalled; callers that
 * finish by an atomic rename can ignore it. Errors: the reason of `signal`.
 */
export async function withLock<T>(
  path: string,
  { signal, onWait }: LockOptions,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  await makeFolder(dirname(path));
  const ownerFile = await acquire(path, signal, onWait);
  const lost = new AbortController();
  const stopHeartbeat = startHeartbeat(ownerFile, () => lost.abort());
  try {
    return await work(lost.signal);
  } finally {
    stopHeartbeat();
    // A lost lock belongs to another process.
    if (!lost.signal.aborted) await release(ownerFile).catch(() => undefined);
    owned.delete(ownerFile);
  }
}

/** Returns whether a live process has the lock at `path`; for an owner elsewhere this takes up to five seconds. */
export async function isLocked(path: string): Promise<boolean> {
  const watch = new OwnerWatch();
  const first = await findOwner(path);
  for (let owner = first; owner !== undefined; owner = await findOwner(path)) {
    if (watch.isGone(owner)) return false;
    if (owner.isAlive === true || owner.state !== first?.state) return true;
    await sleep(retryMs);
  }
  return false;
}

/** Waits for the lock and returns its owner file. */
async function acquire(path: string, signal: AbortSignal | undefined, onWait: LockOptions["onWait"]): Promise<string> {
  const watch = new OwnerWatch();
  const ownerFile = join(path, `${processName()}-${randomBytes(4).toString("hex")}`);
  for (let waited = false; ; waited = true) {
    for (;;) {
      signal?.throwIfAborted();
      if (await create(ownerFile)) return ownerFile;
      const owner = await findOwner(path);
      if (owner !== undefined && !watch.isGone(owner)) break;
      if (owner !== undefined) await release(owner.file);
    }
    if (!waited) onWait?.();
    await sleep(retryMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** Creates a lock; returns false if there is one. */
async function create(ownerFile: string): Promise<boolean> {
  const path = dirname(ownerFile);
  try {
    await mkdir(path);
    owned.add(ownerFile);
    await writeFile(ownerFile, "", { flag: "wx" });
  } catch (error) {
    owned.delete(ownerFile);
    // EEXIST: of another process; ENOENT: another process took it for the leftover of a killed one.
    if (isSystemError(error) && (error.code === "EEXIST" || error.code === "ENOENT")) return false;
    await rmdir(path).catch(() => undefined);
    throw error;
  }
  // A folder without an owner can be removed and created by two processes at once; the first owner keeps it.
  if ((await readdir(path)).length === 1) return true;
  await release(ownerFile);
  return false;
}

/** Removes a lock if its owner file is the given one; does nothing if another process has removed that. */
async function release(ownerFile: string): Promise<void> {
  owned.delete(ownerFile);
  await rm(ownerFile, { force: true });
  await rmdir(dirname(ownerFile)).catch((error: unknown) => {
    if (!isSystemError(error) || !["ENOENT", "ENOTEMPTY", "EEXIST"].includes(error.code ?? "")) throw error;
  });
}

interface Owner {
  /** Its file, or a name for it if it was killed before it created the file. */
  file: string;
  /** Changes with every heartbeat. */
  state: string;
  /** Undefined if its process is on another machine, or unknown. */
  isAlive: boolean | undefined;
  /** Consecutive looks without a heartbeat after which it is gone. */
  maxSilentLooks: number;
}

/** Returns the owner of a lock; undefined if there is no lock. */
async function findOwner(path: string): Promise<Owner | undefined> {
  try {
    const [name] = await readdir(path);
    const file = join(path, name ?? "unknown");
    const { ino, mtimeNs } = await stat(name === undefined ? path : file, { bigint: true });
    const state = `${name} ${ino} ${mtimeNs}`;
    return name === undefined
      ? { file, state, isAlive: undefined, maxSilentLooks: maxOwnerlessLooks }
      : { file, state, isAlive: isOwnerAlive(name), maxSilentLooks };
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT" && !(await isLink(path))) return undefined;
    throw error;
  }
}

/** A link to nothing is no lock, but prevents one. */
async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true;
}

/** This process may have failed to remove the file of a lock that it has released. */
function isOwnerAlive(name: string): boolean | undefined {
  if (name.startsWith(`${processName()}-`)) return [...owned].some((file) => basename(file) === name);
  return isProcessAlive(name);
}

/** Decides by repeated looks whether the owner of a lock is gone. Looks are counted, so that sleep does not count. */
class OwnerWatch {
  #state = "";
  #silentLooks = 0;

  isGone({ state, isAlive, maxSilentLooks }: Owner): boolean {
    this.#silentLooks = state === this.#state ? this.#silentLooks + 1 : 0;
    this.#state = state;
    return isAlive === false || this.#silentLooks >= maxSilentLooks;
  }
}

function startHeartbeat(ownerFile: string, onLost: () => void): () => void {
  const beat = () =>
    void utimes(ownerFile, new Date(), new Date()).catch((error: unknown) => {
      if (isSystemError(error) && error.code === "ENOENT" && owned.has(ownerFile)) onLost();
    });
  const timer = setInterval(beat, heartbeatMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Owner files of this process, which its exit removes. */
const owned = new Set<string>();
process.on("exit", () => {
  for (const file of owned) {
    try {
      rmSync(file, { force: true });
      rmdirSync(dirname(file));
    } catch {
      // Another process removes it.
    }
  }
});
