import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { removeDeadScratch, type ScratchKind, scratchName, startHeartbeat } from "./scratch.js";
import { systemTemporaryFolder } from "./system-temporary-folder.js";

export interface TemporaryFolder {
  path: string;
  remove: () => Promise<void>;
}

/** Where to create a temporary folder, which other processes recognize by its kind. */
interface TemporaryPlace {
  parent: string;
  kind: ScratchKind;
}

/**
 * Creates a temporary folder that only this user can read, by default in the system's folder for them. While it exists,
 * those of its kind that killed processes of this user left are removed. Errors: QS-ENV-FILE, system errors.
 */
export async function makeTemporaryFolder(place?: TemporaryPlace): Promise<TemporaryFolder> {
  const { parent, kind } = place ?? { parent: await systemTemporaryFolder(), kind: "quantsmith" };
  const path = join(parent, scratchName(kind));
  await mkdir(path, { mode: 0o700 });
  const stopHeartbeat = startHeartbeat(path);
  const done = new AbortController();
  const cleanup = removeDeadScratch(parent, kind, done.signal);
  const remove = async () => {
    done.abort();
    await cleanup;
    stopHeartbeat();
    await rm(path, { recursive: true, force: true });
  };
  return { path, remove };
}

/** Runs `work` with a temporary folder, and removes it. Errors: those of `makeTemporaryFolder` and `work`. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>, place?: TemporaryPlace): Promise<T> {
  const { path, remove } = await makeTemporaryFolder(place);
  return work(path).finally(remove);
}
