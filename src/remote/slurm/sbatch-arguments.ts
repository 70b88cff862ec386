import type { Group } from "./group-jobs.js";
import { type SlurmSettings, slurmDefaults } from "./slurm-settings.js";

export interface Submission {
  group: Group;
  /** Its job name in Slurm. */
  slurmName: string;
  /** Ids of jobs that must succeed before. */
  after: readonly string[];
  /** Path of its output; Slurm replaces `%a` by the task number. */
  output: string;
}

/** Returns the arguments for sbatch, which reads the script from standard input and prints the id. */
export function sbatchArguments({ group, slurmName, after, output }: Submission, settings: SlurmSettings, out: string) {
  const { cpus = slurmDefaults.cpus, time: seconds = slurmDefaults.seconds } = settings;
  const memoryBytes = settings.memory ?? Math.max(...group.map((job) => job.memoryBytes));
  return [
    ...(settings.options ?? []),
    ...(settings.partition === undefined ? [] : [`--partition=${settings.partition}`]),
    ...(settings.account === undefined ? [] : [`--account=${settings.account}`]),
    "--parsable",
    `--job-name=${slurmName}`,
    // Distinguishes jobs of different output folders, which have the same names.
    `--chdir=${out}`,
    `--output=${output}`,
    "--open-mode=append",
    "--export=NIL",
    // The limits of a login machine's shell do not apply to jobs.
    "--propagate=NONE",
    "--nodes=1",
    "--ntasks=1",
    // After a machine failure the worker continues from the finished partial work.
    "--requeue",
    `--cpus-per-task=${cpus}`,
    `--mem=${Math.ceil(memoryBytes / 2 ** 20)}M`,
    `--time=${Math.ceil(seconds / 60)}`,
    ...(group.length === 1 ? [] : [`--array=0-${group.length - 1}`]),
    ...(after.length === 0 ? [] : [`--dependency=afterok:${after.join(":")}`, "--kill-on-invalid-dep=yes"]),
  ];
}

/** Parses the id that `sbatch --parsable` printed, `17` or `17;cluster`; undefined without one. */
export function parseSubmitted(stdout: string): string | undefined {
  return /^(\d+)(?:;\S+)?$/m.exec(stdout)?.[1];
}
