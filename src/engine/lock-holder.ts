import { rm, writeFile } from "node:fs/promises";
import * as z from "zod";
import { type LockOptions, withLock } from "../util/lock.js";
import { readRegular } from "../util/regular-file.js";

/** What a process does under a lock, for the messages of others that wait for it. */
export interface LockHolder {
  recipe: string;
  step: string;
  /** ISO time at which it took the lock, by the clock of its machine. */
  since: string;
}

const line = z.string().regex(/^[^\p{Cc}]{1,300}$/u);
export const lockHolder = z.object({ recipe: line, step: line, since: z.iso.datetime() });

/**
 * As `withLock`, but states beside the lock what it is held for, and gives `onWait` the statement of the process that
 * holds it, undefined if that is unknown, and who that is.
 */
export async function withStatedLock<T>(
  path: string,
  work: Omit<LockHolder, "since"> & {
    signal: AbortSignal;
    onWait: (holder: LockHolder | undefined, owner: string) => void;
  },
  run: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const { recipe, step, signal, onWait } = work;
  const file = `${path}.holder`;
  const options: LockOptions = {
    signal,
    onWait: (owner) => void readHolder(file).then((found) => signal.aborted || onWait(found, owner)),
  };
  return withLock(path, options, async ({ lost }) => {
    // Only messages depend on it, so a full disk must not end the run here.
    await writeFile(file, JSON.stringify({ recipe, step, since: new Date().toISOString() })).catch(() => undefined);
    try {
      return await run(lost);
    } finally {
      if (!lost.aborted) await rm(file, { force: true }).catch(() => undefined);
    }
  });
}

async function readHolder(file: string): Promise<LockHolder | undefined> {
  try {
    return lockHolder.parse(JSON.parse(String(await readRegular(file))));
  } catch {
    return undefined;
  }
}
