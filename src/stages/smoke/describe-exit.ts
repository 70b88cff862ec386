import { formatBytes } from "../../util/bytes.js";
import type { ProcessLimits } from "../../util/process-watch.js";
import { redact } from "../../util/redact.js";
import type { SubprocessResult } from "../../util/subprocess.js";
import { withoutFolders } from "../../util/without-folders.js";

/** Where a child process works. */
export interface ChildPlace {
  /** Its working folder. */
  folder: string;
  limits: ProcessLimits;
}

/**
 * Returns the reason why a child process failed, one sentence that starts with "it"; null for a success. `where` is the
 * position in its work.
 */
export function describeExit(result: SubprocessResult, { folder, limits }: ChildPlace, where: string): string | null {
  const { breach, signal, exitCode, stderr } = result;
  if (breach === "memory") {
    return `it needed more than ${formatBytes(limits.memoryBytes ?? 0)} of memory ${where} and was stopped`;
  }
  if (breach === "idle") return `it hung ${where}: no activity for ${limits.idleSeconds} seconds`;
  if (breach === "silence")
    return `it did not report progress for ${(limits.silentSeconds ?? 0) / 60} minutes ${where}`;
  // Standard output contains only protocol messages.
  const last = publicReason(stderr.trim().split("\n").slice(-3).join("\n"), folder);
  const output = last === "" ? "" : `: ${last}`;
  if (signal !== undefined) return `its native code crashed (${signal}) ${where}${output}`;
  if (exitCode !== 0) return `its process ended with code ${exitCode} ${where}${output}`;
  return null;
}

/** Returns what a child process says about a failure for the release: without secrets and folders of this machine. */
export function publicReason(reason: string, folder: string): string {
  return withoutFolders(redact(reason), [folder]);
}
