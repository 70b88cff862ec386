import type { ArrayNames } from "./array-names.js";
import { later, parseQueue, type QueueEntry, queueFormat } from "./queue-entry.js";
import type { CallOptions, SlurmPrograms } from "./slurm-programs.js";

/**
 * Returns the latest queue entry of each job of one output folder, by job name. Slurm forgets jobs some minutes after
 * their end. Errors: those of `SlurmPrograms.call`.
 */
export async function readQueue(
  programs: SlurmPrograms,
  arrays: ArrayNames,
  out: string,
  options: CallOptions = {},
): Promise<Map<string, QueueEntry>> {
  const args = ["--me", "--states=all", "--array", "--noheader", `--format=${queueFormat}`];
  const found = new Map<string, QueueEntry>();
  for (const entry of parseQueue(await programs.call("squeue", args, options))) {
    if (entry.workFolder !== out) continue;
    for (const name of await arrays.jobsOf(entry.slurmName, entry.task)) {
      const known = found.get(name);
      found.set(name, known === undefined ? entry : later(known, entry));
    }
  }
  return found;
}
