import { readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { activeScratch } from "../engine/scratch.js";
import type { Workspace } from "../engine/workspace.js";

/*
 * A run that waits for a step says so by a file `<key>.by-<its scratch folder's name>`, so that another one that is
 * interrupted leaves the job in the queue.
 */

/** Says that this run waits for the step. */
export async function startWaiting(workspace: Workspace, key: string): Promise<void> {
  await writeFile(markerPath(workspace, key), "");
}

/** Says that it does so no longer. */
export async function stopWaiting(workspace: Workspace, key: string): Promise<void> {
  await rm(markerPath(workspace, key), { force: true });
}

/** Those of the keys that no living run waits for. */
export async function findUnwanted(workspace: Workspace, keys: readonly string[]): Promise<Set<string>> {
  const living = await activeScratch(workspace.tmp);
  const marks = await readdir(workspace.jobs);
  return new Set(keys.filter((key) => !living.some((run) => marks.includes(`${key}.by-${run}`))));
}

function markerPath(workspace: Workspace, key: string): string {
  return join(workspace.jobs, `${key}.by-${basename(workspace.scratch)}`);
}
