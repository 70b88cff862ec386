import type { Group } from "./group-jobs.js";
import { type SlurmSettings, slurmDefaults } from "./slurm-settings.js";

export interface Submission {
  group: Group;
  /** Slurm's name for it. */
  slurmName: string;
  /** Ids of jobs that must end well before. */
  after: readonly string[];
  /** Where its output goes; `%a` stands for the task. */
  output: string;
}

/** Arguments for sbatch, which then reads the script from standard input and prints the id. */
export function sbatchArguments({ group, slurmName, after, output }: Submission, settings: SlurmSettings, out: string) {
  const { cpus = slurmDefaults.cpus, time: seconds = slurmDefaults.seconds } = settings;
  const memoryBytes = settings.memory ?? Math.max(...group.map((job) => job.memoryBytes));
  return [
    ...(settings.options ?? []),
    ...(settings.partition === undefined ? [] : [`--partition=${settings.partition}`]),
    ...(settings.account === undefined ? [] : [`--account=${settings.account}`]),
    "--parsable",
    `--job-name=${slurmName}`,
    // By this the jobs of one output folder are told from those of another, which have the same names.
    `--chdir=${out}`,
    `--output=${output}`,
    "--open-mode=append",
    "--export=NIL",
    // The limits of a login machine's shell are not meant for jobs.
    "--propagate=NONE",
    "--nodes=1",
    "--ntasks=1",
    // A machine that died costs the time since then: the worker continues from what its predecessor has finished.
    "--requeue",
    `--cpus-per-task=${cpus}`,
    `--mem=${Math.ceil(memoryBytes / 2 ** 20)}M`,
    `--time=${Math.ceil(seconds / 60)}`,
    ...(group.length === 1 ? [] : [`--array=0-${group.length - 1}`]),
    ...(after.length === 0 ? [] : [`--dependency=afterok:${after.join(":")}`, "--kill-on-invalid-dep=yes"]),
  ];
}

/** The id that `sbatch --parsable` printed, `17` or `17;cluster`; undefined when there is none. */
export function parseSubmitted(stdout: string): string | undefined {
  return /^(\d+)(?:;\S+)?$/m.exec(stdout)?.[1];
}
