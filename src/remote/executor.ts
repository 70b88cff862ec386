import type { Shard, StageName } from "../stages/stage.js";
import type { QuantsmithError } from "../util/errors.js";

/** One step, or one part of a step that fans out, as a queue sees it. */
export interface Job {
  /** `qs-<first 16 digits of the key>`, with `-<part>` for a part: the same in every run, so a later run finds it. */
  name: string;
  key: string;
  /** The step's id, for people. */
  step: string;
  stage: StageName;
  /** Which part of the step it does; the step's own job comes after its parts. */
  shard?: Shard;
  /** Names of jobs that must have ended well before; some of them may have ended, and left the queue, already. */
  after: readonly string[];
  /** Memory that it is expected to need at most, files that it maps included; an estimate on the high side. */
  memoryBytes: number;
}

export interface JobState {
  /**
   * `failed`: its command ended with another code than 0, or it ran into a limit. `cancelled`: somebody, or the queue for a
   * dependency that failed, took it away. `lost`: the queue or a machine dropped it, so it may be submitted again.
   */
  state: "waiting" | "running" | "done" | "failed" | "cancelled" | "lost";
  /** The queue's own words: "TIMEOUT", "waits for resources". */
  why?: string;
  /** What to tell the user about a job that left no report of its own in the store. */
  error?: QuantsmithError;
}

/**
 * Runs jobs somewhere else. A job's command is `quantsmith` with `workerArguments(job, out)`. The queue is never the
 * source of truth: whether a step is finished is read from the store alone, and a state only says what to do about a job
 * whose step is not.
 */
export interface Executor {
  /** As the user names it: `--executor slurm`. */
  name: string;
  /** Whether jobs see what the store links to, a local checkpoint or the Hugging Face cache, and not the store alone. */
  seesLinks: boolean;
  /** How long to wait between two looks at the queue, in milliseconds. */
  pollMs: number;
  /** How many jobs a step that can be done in parts is dealt out to; 1 for one job. */
  shards: number;
  /** All jobs that the run may submit, before the first is; throws when they cannot or must not be (a cost ceiling). */
  prepare?(jobs: readonly Job[]): Promise<void>;
  /** Puts jobs in the queue, each after those it depends on in the list. None of them waits or runs there already. */
  submit(jobs: readonly Job[]): Promise<void>;
  /** What became of jobs, by name; the latest of a name counts, and one that the queue does not know is left out. */
  states(names: readonly string[]): Promise<ReadonlyMap<string, JobState>>;
  /** Whether an error of the others only says that the queue cannot be reached now, so that it is asked again. Absent: none. */
  isUnreachable?(error: unknown): boolean;
  /** These jobs' steps are finished, so that those which were not put into the queue yet need not be. Absent: all are. */
  finished?(names: readonly string[]): void;
  /** Takes waiting jobs out of the queue and ends running ones; others are left alone. */
  cancel(names: readonly string[]): Promise<void>;
}

/**
 * Arguments with which `quantsmith` does a job. `out` is the output folder as the job's machine sees it; without
 * `threads` it takes every core that it may use there.
 */
export function workerArguments({ key, shard }: Job, out: string, threads?: number): string[] {
  return [
    ...["worker", key],
    ...(shard === undefined ? [] : ["--part", `${shard.index}/${shard.count}`]),
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
    ...["--out", out],
  ];
}

/** A job's name. */
export function jobName(key: string, shard?: number): string {
  return `qs-${key.slice(0, 16)}${shard === undefined ? "" : `-${shard}`}`;
}
