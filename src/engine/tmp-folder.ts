import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Workspace } from "./workspace.js";

/*
 * Everything in `tmp/` carries the id of the process that made it: `<what>-<pid>-<random>`.
 * What a dead process left behind is rubbish by definition, since finished work has been renamed away.
 */

/** A fresh folder name below `tmp/`; nothing is created. */
export function tmpName(workspace: Workspace, what: string): string {
  return join(workspace.tmp, `${what}-${process.pid}-${randomBytes(6).toString("hex")}`);
}

/** Removes what processes that no longer run left in `tmp/`. */
export async function collectTmp(workspace: Workspace): Promise<void> {
  for (const name of await readdir(workspace.tmp)) {
    const pid = Number(/-(\d+)-[0-9a-f]{12}$/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isRunning(pid)) continue;
    await rm(join(workspace.tmp, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
