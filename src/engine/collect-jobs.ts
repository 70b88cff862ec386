import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Longer than jobs wait in a queue. */
const maxAgeMs = 7 * 24 * 3600_000;
/** Named for a step's key, a text's digest or an array of jobs; an unfinished write has a dot before and a number behind. */
const ownName = /^\.?(?:[0-9a-f]{64}(?:$|[-.])|qs-array-[0-9a-f]{16}\.)/;

/**
 * Removes from `.jobs` the files of finished steps, whose keys are given, and those older than a week. Other files
 * stay: an orphaned job may still wait in a queue, and needs its description and texts.
 */
export async function collectJobs(jobs: string, finished: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(jobs, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || !ownName.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const modified = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
    const [key = ""] = /^[0-9a-f]{64}/.exec(entry.name) ?? [];
    const ofFinished = entry.parentPath === jobs && finished.has(key);
    if (ofFinished || Date.now() - modified > maxAgeMs) await rm(path, { force: true });
  }
}
