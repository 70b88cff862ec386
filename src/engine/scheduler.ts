import { readFileSync } from "node:fs";
import { availableParallelism, cpus, hostname } from "node:os";
import PQueue from "p-queue";
import type { Compute } from "../llamacpp/compute/compute.js";
import type { Step } from "../plan/plan.js";
import type { Resource } from "../stages/stage.js";
import { readOrEmpty } from "../util/read-or-empty.js";
import { deviceLocks } from "./device-locks.js";
import { type LockHolder, withStatedLock } from "./lock-holder.js";
import { lockPath, type Workspace } from "./workspace.js";

/** The step that work belongs to. */
export interface ScheduledFor {
  recipe: string;
  step: string;
  /** Called once if the work has to wait for the computation of another process, if known with what that computes. */
  onWait(holder: LockHolder | undefined, owner: string): void;
}

/** Maximum number of concurrent I/O jobs beside the compute job. */
const ioConcurrency = 2;

/** `device` steps compute on devices other than the CPU, one at a time. */
export type Lane = Resource | "device";

/** Returns where a step is scheduled when a plan computes with `compute`. */
export function laneOf(step: Pick<Step, "resource" | "usesDevices">, { backend }: Pick<Compute, "backend">): Lane {
  return step.usesDevices === true && backend !== "cpu" ? "device" : step.resource;
}

/** What a scheduler computes with. */
export interface SchedulerOptions {
  /** The result of `allowedCores`, if a queue has restricted this process to some cores. */
  cores?: string;
  compute: Compute;
}

/**
 * Schedules work. One compute job runs at a time: a queue serializes this process, and a lock in the store serializes
 * processes on the same cores, because two llama.cpp processes there spin against each other. Beside it run I/O and, one
 * at a time, jobs on devices; a lock for each device serializes all processes of the user, because two models rarely fit
 * into its memory.
 */
export class Scheduler {
  readonly #queues: Record<Lane, PQueue> = {
    compute: new PQueue({ concurrency: 1 }),
    device: new PQueue({ concurrency: 1 }),
    io: new PQueue({ concurrency: ioConcurrency }),
  };
  readonly #signal: AbortSignal;
  readonly #locks: Record<Lane, readonly string[]>;

  constructor(workspace: Workspace, signal: AbortSignal, { cores = "", compute }: SchedulerOptions) {
    this.#signal = signal;
    const machine = hostname().replace(/[^\w.-]/g, "_");
    this.#locks = {
      compute: [lockPath(workspace, `compute-${machine}${cores}`)],
      device: deviceLocks(compute, machine),
      io: [],
    };
  }

  /** Runs work of a lane in its turn, higher priority first. Calls `onWait` if another process computes. */
  async run<T>(lane: Lane, priority: number, by: ScheduledFor, work: () => Promise<T>): Promise<T> {
    const job = this.#locks[lane].reduceRight(
      (locked, path) => () => withStatedLock(path, { ...by, signal: this.#signal }, locked),
      work,
    );
    // Not by the queue's own option, which would abandon started work that still writes.
    const turn = () => {
      this.#signal.throwIfAborted();
      return job();
    };
    return this.#queues[lane].add(turn, { priority });
  }
}

/**
 * Returns the cores that this process may use, as part of a lock name: jobs on different cores do not disturb each
 * other. Empty if it may use all cores of the machine, or if that is unknown.
 */
export function allowedCores(): string {
  if (process.platform !== "linux" || availableParallelism() === cpus().length) return "";
  const status = readOrEmpty(() => readFileSync("/proc/self/status", "utf8"));
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  return allowed === undefined ? "" : `-${allowed.replaceAll(",", "_")}`;
}
