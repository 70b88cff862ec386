import type { Shard, StageName } from "../stages/stage.js";
import type { QuantsmithError } from "../util/errors.js";

/** One step, or one shard of a step, as a queue job. */
export interface Job {
  /**
   * `qs-<first 16 digits of the key>`, with `-<shard>` for a shard. Equal in every run, so a later run finds the job.
   */
  name: string;
  key: string;
  /** The step's id, for display. */
  step: string;
  stage: StageName;
  /** The shard that it computes; the step's own job comes after its shards. */
  shard?: Shard;
  /** Names of jobs that must succeed first; some of them may have ended, and left the queue, already. */
  after: readonly string[];
  /** Expected peak memory in bytes, including mapped files; an estimate on the high side. */
  memoryBytes: number;
}

export interface JobState {
  /**
   * `failed`: the command exited with a code other than 0, or exceeded a limit. `cancelled`: a user cancelled the job,
   * or the queue did after a failed dependency. `lost`: the queue or a machine dropped the job, so it may be submitted
   * again.
   */
  state: "waiting" | "running" | "done" | "failed" | "cancelled" | "lost";
  /** The queue's own text: "TIMEOUT", "waits for resources". */
  why?: string;
  /** Error to report for a job that did not write an error report to the store. */
  error?: QuantsmithError;
}

/**
 * Runs jobs on other machines. A job's command is `quantsmith` with `workerArguments(job, out)`. Only the store decides
 * whether a step is finished; a state only decides what to do about a job of an unfinished step.
 */
export interface Executor {
  /** Its name on the command line: `--executor slurm`. */
  name: string;
  /** Whether jobs can read links from the store to a local checkpoint or the Hugging Face cache. */
  seesLinks: boolean;
  /** Time between two polls of the queue, in milliseconds. */
  pollMs: number;
  /** Number of jobs for a step that can be split into shards; 1 for a single job. */
  shards: number;
  /** Checks all jobs that the run may submit, before the first; throws if they cannot run or exceed the cost limit. */
  prepare?(jobs: readonly Job[]): Promise<void>;
  /**
   * Submits jobs, each after its dependencies in the list. None of them is in the queue yet. `requireHeld` throws if another run
   * may have submitted some meanwhile; it is called before each request.
   */
  submit(jobs: readonly Job[], requireHeld?: () => void): Promise<void>;
  /** Returns the latest state of each job by name; leaves out jobs that the queue does not list. */
  states(names: readonly string[]): Promise<ReadonlyMap<string, JobState>>;
  /**
   * Whether an error only means that the queue cannot be reached now, so that the call is repeated. Absent: none does.
   */
  isUnreachable?(error: unknown): boolean;
  /**
   * Notifies that these jobs' steps are finished; jobs not yet in the queue are dropped. Absent: all are in the queue.
   */
  finished?(names: readonly string[]): void;
  /** Whether jobs that are held back here may start now, by `startHeld`. Absent: the queue itself holds them back. */
  readonly canStart?: boolean;
  /** Starts such jobs, unless another run has; called under the lock of submissions. `requireHeld` as in `submit`. */
  startHeld?(requireHeld: () => void): Promise<void>;
  /** Cancels waiting and running jobs; leaves others alone. */
  cancel(names: readonly string[]): Promise<void>;
}

/**
 * Returns the `quantsmith` arguments of a job. `out` is the output folder's path on the job's machine. Without
 * `threads`, the job uses every core that it may use there.
 */
export function workerArguments({ key, shard }: Job, out: string, threads?: number): string[] {
  return [
    ...["worker", key],
    ...(shard === undefined ? [] : ["--part", `${shard.index}/${shard.count}`]),
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
    ...["--out", out],
  ];
}

/** Returns a job's name. */
export function jobName(key: string, shard?: number): string {
  return `qs-${key.slice(0, 16)}${shard === undefined ? "" : `-${shard}`}`;
}
