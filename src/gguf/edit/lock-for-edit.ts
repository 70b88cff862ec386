import { constants } from "node:fs";
import { access, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withLock } from "../../util/lock.js";
import type { EditTarget } from "./edit-target.js";
import { journalPath } from "./header-journal.js";

/**
 * Runs `work` while no other edit works on the file that is read or the one that is written; waits for those that run.
 * The locks lie beside the files. The signal that `work` gets fires also when a lock was lost.
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
  // A file in a folder that cannot be written is not being edited, and can be read from all the same.
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

/** Where a file is written before it gets its name; `id` tells one edit from another. */
export function temporaryPath(target: string, id: string): string {
  return join(dirname(target), `.${basename(target)}.quantsmith-new.${id}`);
}

/** Removes the temporary files that killed edits left; for the holder of the lock. */
export async function removeLeftovers(target: string): Promise<void> {
  const folder = dirname(target);
  // The second is how `writeFileAtomic` names a journal that is not whole yet.
  const starts = [basename(temporaryPath(target, "")), `.${basename(journalPath(target))}.`];
  const left = (await readdir(folder)).filter((name) => starts.some((start) => name.startsWith(start)));
  for (const name of left) await rm(join(folder, name), { force: true });
}
