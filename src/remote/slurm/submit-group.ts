import { mkdir } from "node:fs/promises";
import { QuantsmithError } from "../../util/errors.js";
import type { Job } from "../executor.js";
import type { ArrayNames } from "./array-names.js";
import { batchScript } from "./batch-script.js";
import type { Group } from "./group-jobs.js";
import { outputFile } from "./job-failure.js";
import { isInQueue } from "./job-state.js";
import type { QueueEntry } from "./queue-entry.js";
import { parseSubmitted, sbatchArguments } from "./sbatch-arguments.js";
import type { SlurmPrograms } from "./slurm-programs.js";
import type { SlurmSettings } from "./slurm-settings.js";

export interface SubmitContext {
  programs: SlurmPrograms;
  arrays: ArrayNames;
  settings: SlurmSettings;
  out: string;
  /** Folder for the output of jobs. */
  notes: string;
  command: (job: Job) => readonly string[];
  /** Slurm's ids of the jobs in the queue, by job name. */
  ids: ReadonlyMap<string, string>;
  queue: () => Promise<ReadonlyMap<string, QueueEntry>>;
}

/**
 * Submits one job or array; returns Slurm's id of each job. If sbatch gets no answer, checks the queue for the jobs
 * before a retry, so that none is submitted twice. Errors: those of `SlurmPrograms.call`.
 */
export async function submitGroup(group: Group, context: SubmitContext): Promise<Map<string, string>> {
  const { programs, arrays, settings, out, notes, command, ids, queue } = context;
  const [first] = group;
  const slurmName = await arrays.nameFor(group);
  await mkdir(notes, { recursive: true });
  const output = outputFile(notes, slurmName, group.length === 1 ? undefined : "%a");
  // A job that has left the queue succeeded, or the engine would not submit its successors.
  const after = first.after.flatMap((name) => ids.get(name) ?? []);
  const args = sbatchArguments({ group, slurmName, after, output }, settings, out);
  const arrived = async () => {
    const entry = (await queue()).get(first.name);
    return entry !== undefined && isInQueue(entry) ? entry.id.replace(/_.*/, "") : undefined;
  };
  const printed = await programs.call("sbatch", args, { input: batchScript(group, command), beforeRetry: arrived });
  const id = parseSubmitted(printed);
  if (id === undefined) {
    throw new QuantsmithError("QS-SLURM-REFUSED", "sbatch did not print a job id", {
      remedy: "Check whether the `sbatch` on the PATH is a wrapper, and check `executors: { slurm: { options } }`.",
      output: printed,
    });
  }
  return new Map(group.map(({ name }, task) => [name, group.length === 1 ? id : `${id}_${task}`]));
}
