import { formatBytes } from "../../util/bytes.js";
import type { ProcessLimits } from "../../util/process-watch.js";
import { redact } from "../../util/redact.js";
import type { SubprocessResult } from "../../util/subprocess.js";

/** Why a child process did not come to a good end, one sentence that starts with "it"; null when it did. `where` says how far it was. */
export function describeExit(result: SubprocessResult, limits: ProcessLimits, where: string): string | null {
  const { breach, signal, exitCode, stderr } = result;
  if (breach === "memory") {
    return `it needed more than ${formatBytes(limits.memoryBytes ?? 0)} of memory ${where} and was stopped`;
  }
  if (breach === "idle") return `it hung ${where}: nothing moved for ${limits.idleSeconds} seconds`;
  if (breach === "silence") return `it made no progress for ${(limits.silentSeconds ?? 0) / 60} minutes ${where}`;
  // Standard output is the child's talk with us.
  const last = redact(stderr.trim().split("\n").slice(-3).join("\n"));
  const said = last === "" ? "" : `: ${last}`;
  if (signal !== undefined) return `its native code crashed (${signal}) ${where}${said}`;
  if (exitCode !== 0) return `its process ended with code ${exitCode} ${where}${said}`;
  return null;
}
