import { readFileSync } from "node:fs";
import { availableParallelism, cpus, hostname } from "node:os";
import PQueue from "p-queue";
import type { Resource } from "../stages/stage.js";
import { withLock } from "../util/lock.js";
import { readOrEmpty } from "../util/read-or-empty.js";
import { lockPath, type Workspace } from "./workspace.js";

/** Maximum number of concurrent I/O jobs beside the compute job. */
const ioConcurrency = 2;

/**
 * Schedules work. One compute job runs at a time: a queue serializes this process, and a lock in the store serializes
 * processes on the same cores, because two llama.cpp processes there spin against each other. I/O runs beside it.
 */
export class Scheduler {
  readonly #queues: Record<Resource, PQueue> = {
    compute: new PQueue({ concurrency: 1 }),
    io: new PQueue({ concurrency: ioConcurrency }),
  };
  readonly #workspace: Workspace;
  readonly #signal: AbortSignal;
  readonly #cores: string;

  /** `cores`: the result of `allowedCores`, if a queue has restricted this process to some cores. */
  constructor(workspace: Workspace, signal: AbortSignal, cores = "") {
    this.#workspace = workspace;
    this.#signal = signal;
    this.#cores = cores;
  }

  /**
   * Runs work of a resource class in its turn, higher priority first. Calls `onWait` while another process computes.
   */
  async run<T>(resource: Resource, priority: number, onWait: () => void, work: () => Promise<T>): Promise<T> {
    const job = resource === "io" ? work : () => this.#aloneOnMachine(onWait, work);
    // Not by the queue's own option, which would abandon started work that still writes.
    const turn = () => {
      this.#signal.throwIfAborted();
      return job();
    };
    return this.#queues[resource].add(turn, { priority });
  }

  #aloneOnMachine<T>(onWait: () => void, work: () => Promise<T>): Promise<T> {
    const name = `compute-${hostname().replace(/[^\w.-]/g, "_")}${this.#cores}`;
    return withLock(lockPath(this.#workspace, name), { signal: this.#signal, onWait }, work);
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
