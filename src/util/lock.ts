import { randomBytes } from "node:crypto";
import { existsSync, lutimesSync, rmdirSync, rmSync } from "node:fs";
import { lutimes, mkdir, readdir, rmdir, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isMissing, isSystemError } from "./errors.js";
import { makeFolder } from "./files.js";
import { describeOwner, findOwner, foreignLock, type Owner, OwnerWatch, owned } from "./lock-owner.js";
import { isOwnEntry } from "./own-entry.js";
import { processName } from "./process-identity.js";

/*
 * A lock is a folder that contains one empty file, named for its owner. A process takes a lock over by the removal of
 * that file, so only one succeeds. On this machine the kernel shows whether the owner lives, and the lock of a stopped
 * process is never taken over. Elsewhere a missing heartbeat shows a dead owner; a heartbeat is any change of the file's
 * time. Clocks jump, and those of machines differ, so no time is compared with a clock.
 *
 * Anything else at the path of a lock, such as a link or a folder with other files, is somebody else's: it is neither
 * followed nor changed. Only files with the exact name of an owner are removed, and then the empty folder.
 */

const heartbeatMs = 1000;
const retryMs = 200;

/** A lock that this process took. */
export interface HeldLock {
  /** Fires if another process took the lock over because this one stalled; at most a second late. */
  lost: AbortSignal;
  /** Whether this process has the lock at this moment; for a check directly before a change. */
  isHeld: () => boolean;
}

export interface LockOptions {
  signal?: AbortSignal;
  /** Called once if another process has the lock, with a text that says which one and which lock. */
  onWait?: (owner: string) => void;
}

/**
 * Runs `work` under a lock across processes; waits while another process has the lock. The lock is a folder at `path`;
 * its parent is created. `work` can lose the lock only to a process of another machine or container; callers that finish
 * by an atomic rename can ignore it. Errors: QS-ENV-LOCK if something else is at `path`, the reason of `signal`.
 */
export async function withLock<T>(
  path: string,
  { signal, onWait }: LockOptions,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  await makeFolder(dirname(path));
  const ownerFile = await acquire(path, signal, onWait);
  const lost = new AbortController();
  const stopHeartbeat = startHeartbeat(ownerFile, () => lost.abort());
  try {
    return await work({ lost: lost.signal, isHeld: () => beatNow(ownerFile) });
  } finally {
    stopHeartbeat();
    // A lost lock belongs to another process.
    if (!lost.signal.aborted) await release(ownerFile).catch(() => undefined);
    owned.delete(ownerFile);
  }
}

/**
 * Whether a live process has the lock at `path`. For an owner elsewhere this takes up to five seconds. Errors: QS-ENV-LOCK if
 * something else is at `path`.
 */
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

/**
 * Removes the locks `*.lock` of a folder whose owners are gone; leaves all else alone. For owners elsewhere this takes up to five
 * seconds.
 */
export async function removeGoneLocks(folder: string): Promise<void> {
  const remove = async (path: string) => {
    const owner = await findOwner(path);
    if (owner !== undefined && !(await isLocked(path))) await takeOver(path, owner);
  };
  // Another user's lock, or no lock, stays.
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".lock"));
  await Promise.all(names.map((name) => remove(join(folder, name)).catch(() => undefined)));
}

/**
 * Waits until no live process has the lock at `path`, and removes the lock of an owner that is gone: if that one was only
 * suspended, `isHeld` says so. Errors: QS-ENV-LOCK, the reason of `signal`.
 */
export async function waitForLock(path: string, { signal, onWait }: LockOptions): Promise<void> {
  const watch = new OwnerWatch();
  for (let waited = false; ; waited = true) {
    signal?.throwIfAborted();
    let owner = await findOwner(path);
    for (; owner !== undefined && watch.isGone(owner); owner = await findOwner(path)) await takeOver(path, owner);
    if (owner === undefined) return;
    if (!waited) onWait?.(describeOwner(owner));
    await sleep(retryMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** Waits for the lock and returns its owner file. */
async function acquire(path: string, signal: AbortSignal | undefined, onWait: LockOptions["onWait"]): Promise<string> {
  const ownerFile = join(path, `${processName()}-${randomBytes(4).toString("hex")}`);
  let waited = false;
  const onFirstWait = (owner: string) => {
    if (!waited) onWait?.(owner);
    waited = true;
  };
  for (;;) {
    signal?.throwIfAborted();
    if (await create(ownerFile)) return ownerFile;
    await waitForLock(path, { ...(signal && { signal }), onWait: onFirstWait });
  }
}

/** Creates a lock; returns false if there is one. */
async function create(ownerFile: string): Promise<boolean> {
  const path = dirname(ownerFile);
  try {
    await mkdir(path);
  } catch (error) {
    if (isSystemError(error) && error.code === "EEXIST") return false; // of another process
    throw error;
  }
  try {
    owned.add(ownerFile);
    await writeFile(ownerFile, "", { flag: "wx" });
  } catch (error) {
    owned.delete(ownerFile);
    // Another process took the folder for the leftover of a killed one, and may have its own lock there.
    if (isSystemError(error) && (error.code === "EEXIST" || error.code === "ENOENT")) return false;
    await rmdir(path).catch(() => undefined);
    throw error;
  }
  // A folder without an owner can be removed and created by two processes at once; the first owner keeps it.
  if ((await readdir(path)).length === 1) return true;
  await release(ownerFile);
  return false;
}

/** Removes the lock of an owner that is gone. Errors: QS-ENV-LOCK for that of another user. */
async function takeOver(path: string, owner: Owner): Promise<void> {
  const isOwn = await isOwnEntry(path).catch((error: unknown) => {
    if (isMissing(error)) return true;
    throw error;
  });
  if (!isOwn) throw foreignLock(path, "a lock of another user");
  await release(owner.file);
}

/** Removes a lock if its owner file is the given one; does nothing if another process has removed that. */
async function release(ownerFile: string): Promise<void> {
  owned.delete(ownerFile);
  await unlink(ownerFile).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  await rmdir(dirname(ownerFile)).catch((error: unknown) => {
    if (!isSystemError(error) || !["ENOENT", "ENOTEMPTY", "EEXIST"].includes(error.code ?? "")) throw error;
  });
}

/** Returns whether this process has the lock. Writes, since a network disk answers a question from a cache. */
function beatNow(ownerFile: string): boolean {
  try {
    lutimesSync(ownerFile, new Date(), new Date());
    return true;
  } catch (error) {
    // Mounts that show files as those of another user refuse times.
    return isSystemError(error) && error.code === "EPERM" && existsSync(ownerFile);
  }
}

function startHeartbeat(ownerFile: string, onLost: () => void): () => void {
  const beat = () =>
    void lutimes(ownerFile, new Date(), new Date()).catch((error: unknown) => {
      if (isMissing(error) && owned.has(ownerFile)) onLost();
    });
  const timer = setInterval(beat, heartbeatMs);
  timer.unref();
  return () => clearInterval(timer);
}

// The exit of this process removes its locks.
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
