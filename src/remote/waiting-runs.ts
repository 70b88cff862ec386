import { readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Workspace } from "../engine/workspace.js";
import { activeScratch } from "../util/scratch.js";

/*
 * A run that waits for a step creates a marker file `<key>.by-<its scratch folder's name>`, so that another run that is
 * interrupted leaves the job in the queue.
 */

/** Marks the step as awaited by this run. */
export async function startWaiting(workspace: Workspace, key: string): Promise<void> {
  await writeFile(markerPath(workspace, key), "");
}

/** Removes this run's marker. */
export async function stopWaiting(workspace: Workspace, key: string): Promise<void> {
  await rm(markerPath(workspace, key), { force: true });
}

/** Returns the keys that no live run waits for. */
export async function findUnwanted(workspace: Workspace, keys: readonly string[]): Promise<Set<string>> {
  const living = await activeScratch(workspace.tmp);
  const marks = await readdir(workspace.jobs);
  return new Set(keys.filter((key) => !living.some((run) => marks.includes(`${key}.by-${run}`))));
}

function markerPath(workspace: Workspace, key: string): string {
  return join(workspace.jobs, `${key}.by-${basename(workspace.scratch)}`);
}
