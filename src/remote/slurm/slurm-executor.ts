import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import type { Executor, Job, JobState } from "../executor.js";
import { ArrayNames } from "./array-names.js";
import { batchScript } from "./batch-script.js";
import { groupJobs } from "./group-jobs.js";
import { jobFailure } from "./job-failure.js";
import { isInQueue, jobState } from "./job-state.js";
import type { QueueEntry } from "./queue-entry.js";
import { sbatchArguments } from "./sbatch-arguments.js";
import { type CallOptions, SlurmPrograms } from "./slurm-programs.js";
import { readQueue } from "./slurm-queue.js";
import { type SlurmSettings, slurmDefaults } from "./slurm-settings.js";
import { submitGroup } from "./submit-group.js";

export interface SlurmOptions {
  settings: SlurmSettings;
  /** The output folder. All machines of the cluster see it, Node and quantsmith under the same paths. */
  out: string;
  /** Returns the program and arguments that run a job for that output folder with a number of threads. */
  worker: (job: Job, out: string, threads: number) => readonly string[];
  signal: AbortSignal;
  /** Reports slow operations and retries to the user. */
  note: (text: string) => void;
}

/** A missing controller at the start is more often a wrong setup than a restart. */
const startupTimeoutMs = 60_000;
/** The user waits for an interrupted run to end. */
const shutdownTimeoutMs = 20_000;

/**
 * Runs jobs on a Slurm cluster through sbatch, squeue and scancel; needs no accounting database.
 * Errors: QS-SLURM-MISSING, QS-SLURM-CONTROLLER, QS-SLURM-REFUSED.
 */
export async function slurmExecutor({ settings, out: folder, worker, signal, note }: SlurmOptions): Promise<Executor> {
  const out = await realpath(folder);
  const notes = join(out, "store", ".jobs", "slurm");
  const programs = new SlurmPrograms(out, signal, note);
  const arrays = new ArrayNames(notes);
  const command = (job: Job) => worker(job, out, settings.cpus ?? slurmDefaults.cpus);
  const queue = () => readQueue(programs, arrays, out);
  const cancel = async (entries: readonly QueueEntry[], options: CallOptions = {}) => {
    if (entries.length > 0) await programs.call("scancel", ["--quiet", ...entries.map(({ id }) => id)], options);
  };

  return {
    name: "slurm",
    seesLinks: true,
    pollMs: 5000,
    shards: settings.parts ?? slurmDefaults.shards,

    async prepare(jobs) {
      await readQueue(programs, arrays, out, { retryTimeoutMs: startupTimeoutMs });
      const shapes = new Map(jobs.map((job) => [settings.memory ?? job.memoryBytes, job]));
      for (const job of shapes.values()) {
        const test = { group: [job], slurmName: job.name, after: [], output: "/dev/null" } as const;
        const args = ["--test-only", ...sbatchArguments(test, settings, out)];
        await programs.call("sbatch", args, { input: batchScript([job], command) });
      }
    },

    async submit(jobs, requireHeld = () => undefined) {
      const before = await queue();
      // A job that can never start would wait for ever beside its successor.
      const stuck = jobs.flatMap(({ name }) => before.get(name) ?? []).filter(isInQueue);
      requireHeld();
      await cancel(stuck);
      const ids = new Map([...before].filter(([, entry]) => isInQueue(entry)).map(([name, { id }]) => [name, id]));
      for (const { name } of jobs) ids.delete(name);
      for (const group of groupJobs(jobs)) {
        requireHeld();
        const submitted = await submitGroup(group, { programs, arrays, settings, out, notes, command, ids, queue });
        for (const [name, id] of submitted) ids.set(name, id);
      }
    },

    async states(names) {
      // Without a retry: the engine continues without the states and polls again.
      const known = await readQueue(programs, arrays, out, { retryTimeoutMs: 0 });
      const found = new Map<string, JobState>();
      for (const name of names) {
        const entry = known.get(name);
        if (entry === undefined) continue;
        const state = jobState(entry);
        found.set(name, state.state === "failed" ? { ...state, error: await jobFailure(name, entry, notes) } : state);
      }
      return found;
    },

    isUnreachable: (error) => error instanceof QuantsmithError && error.code === "QS-SLURM-CONTROLLER",

    async cancel(names) {
      // The run's own signal may already be aborted.
      const last = { signal: new AbortController().signal, retryTimeoutMs: shutdownTimeoutMs };
      const known = await readQueue(programs, arrays, out, last);
      await cancel(names.flatMap((name) => known.get(name) ?? []).filter(isInQueue), last);
    },
  };
}
