import { constants } from "node:fs";
import { access, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withLock } from "../../util/lock.js";
import type { EditTarget } from "./edit-target.js";
import { journalPath } from "./header-journal.js";

/**
 * Runs `work` with exclusive locks on the source and the target file; waits for concurrent edits. The lock files are in
 * the folders of the files. The signal passed to `work` also fires when a lock is lost.
 */
export async function lockForEdit<T>(
  { source, target, inPlace }: EditTarget,
  { signal, onWait }: { signal?: AbortSignal; onWait?: () => void },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const files = [source, ...(inPlace ? [] : [target])];
  const locked = (index: number, signals: readonly AbortSignal[]): Promise<T> => {
    const file = files[index];
    if (file === undefined) return work(AbortSignal.any([...signals]));
    const options = { ...(signal && { signal }), ...(onWait && { onWait }) };
    return withLock(lockPath(file), options, (lost) => locked(index + 1, [...signals, lost]));
  };
  const given = signal === undefined ? [] : [signal];
  // A source in a read-only folder needs no lock: no edit can change it.
  return locked(inPlace || (await canWrite(dirname(source))) ? 0 : 1, given);
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

/** Temporary path of a file before it is renamed to `target`; `id` distinguishes edits. */
export function temporaryPath(target: string, id: string): string {
  return join(dirname(target), `.${basename(target)}.quantsmith-new.${id}`);
}

/** Removes the temporary files of killed edits. The caller must own the lock. */
export async function removeLeftovers(target: string): Promise<void> {
  const folder = dirname(target);
  // The second prefix is that of a journal which `writeFileAtomic` has not renamed yet.
  const starts = [basename(temporaryPath(target, "")), `.${basename(journalPath(target))}.`];
  const left = (await readdir(folder)).filter((name) => starts.some((start) => name.startsWith(start)));
  for (const name of left) await rm(join(folder, name), { force: true });
}
