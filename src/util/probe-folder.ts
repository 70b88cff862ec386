import { mkdtemp } from "node:fs/promises";
import { basename, join } from "node:path";
import { isProcessAlive, processName } from "./process-identity.js";

/*
 * Empty folders that are created to see what a file system does, and removed at once. Their names,
 * `.quantsmith-<what>-<machine>-<pid>-<start>-<random>`, show those of killed processes.
 */

const pattern = /^\.quantsmith-(?:probe|owner)-([0-9a-f]{8}-\d+-\d+)-[0-9A-Za-z]{6}$/;

/** Creates a private folder, for the caller to remove. Returns its path. Rejects with Node's errors. */
export function createProbe(folder: string, what: "probe" | "owner"): Promise<string> {
  return mkdtemp(join(folder, `.quantsmith-${what}-${processName()}-`));
}

/** Whether an empty folder is one that a killed process left, or a process of another machine or an earlier start of this one. */
export function isLeftProbe(path: string): boolean {
  const creator = pattern.exec(basename(path))?.[1];
  return creator !== undefined && isProcessAlive(creator) !== true;
}
