import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { removeDeadScratch, scratchName, startHeartbeat } from "./scratch.js";
import { systemTemporaryFolder } from "./system-temporary-folder.js";

/** A folder in the system's folder for temporary files. */
export interface TemporaryFolder {
  path: string;
  remove: () => Promise<void>;
}

/**
 * Creates a temporary folder that only this user can read. While it exists, those that killed processes of this user left
 * are removed. Errors: QS-ENV-FILE.
 */
export async function makeTemporaryFolder(): Promise<TemporaryFolder> {
  const parent = await systemTemporaryFolder();
  const path = join(parent, scratchName("quantsmith"));
  await mkdir(path, { mode: 0o700 });
  const stopHeartbeat = startHeartbeat(path);
  const done = new AbortController();
  const cleanup = removeDeadScratch(parent, "quantsmith", done.signal);
  const remove = async () => {
    done.abort();
    await cleanup;
    stopHeartbeat();
    await rm(path, { recursive: true, force: true });
  };
  return { path, remove };
}

/** Runs `work` with a temporary folder, and removes it. Errors: those of `makeTemporaryFolder` and `work`. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const { path, remove } = await makeTemporaryFolder();
  return work(path).finally(remove);
}
