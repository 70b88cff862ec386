import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withLock } from "../../util/lock.js";
import { isOwnEntry } from "../../util/own-entry.js";
import { changedDuringEdit } from "./edit-guard.js";
import type { EditTarget } from "./edit-target.js";

export interface EditLock {
  /** Fires with the caller's signal, and with QS-EDIT-CHANGED when a lock is lost. */
  signal: AbortSignal;
  /** Whether this process has the locks at this moment. */
  isHeld: () => boolean;
  /** False for a source in a read-only folder, which no edit can change. */
  locksSource: boolean;
}

/**
 * Runs `work` with exclusive locks on the source and the target file; waits for concurrent edits. The locks are in the
 * folders of the files. Errors: QS-ENV-LOCK, the reason of `signal`.
 */
export async function lockForEdit<T>(
  { source, target, inPlace }: EditTarget,
  { signal, onWait }: { signal?: AbortSignal; onWait?: (owner: string) => void },
  work: (lock: EditLock) => Promise<T>,
): Promise<T> {
  const locksSource = inPlace || (await canWrite(dirname(source)));
  const files = [...(locksSource ? [source] : []), ...(inPlace ? [] : [target])];
  const taken = new AbortController();
  const signals = [taken.signal, ...(signal === undefined ? [] : [signal])];
  const locked = (index: number, isHeld: () => boolean): Promise<T> => {
    const file = files[index];
    if (file === undefined) return work({ signal: AbortSignal.any(signals), isHeld, locksSource });
    const options = { ...(signal && { signal }), ...(onWait && { onWait }) };
    return withLock(lockPath(file), options, (lock) => {
      lock.lost.addEventListener("abort", () => taken.abort(changedDuringEdit(file)), { once: true });
      return locked(index + 1, () => isHeld() && lock.isHeld());
    });
  };
  return locked(0, () => true);
}

function lockPath(file: string): string {
  return join(dirname(file), `.${basename(file)}.quantsmith-lock`);
}

async function canWrite(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

const editId = /^[0-9a-f]{32}$/;

/** Returns an id for the temporary file of one edit. */
export function newEditId(): string {
  return randomBytes(16).toString("hex");
}

/** Temporary path of a file before it is renamed to `target`; `id` distinguishes edits. */
export function temporaryPath(target: string, id: string): string {
  return join(dirname(target), `.${basename(target)}.quantsmith-new.${id}`);
}

/** Removes the temporary files of killed edits. The caller must own the lock. */
export async function removeLeftovers(target: string): Promise<void> {
  const folder = dirname(target);
  const start = basename(temporaryPath(target, ""));
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const isTemporary = entry.name.startsWith(start) && editId.test(entry.name.slice(start.length)) && entry.isFile();
    const path = join(folder, entry.name);
    if (isTemporary && (await isOwnEntry(path))) await rm(path, { force: true });
  }
}
