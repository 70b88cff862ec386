import { readFileSync } from "node:fs";
import { availableParallelism, cpus, hostname } from "node:os";
import PQueue from "p-queue";
import type { Resource } from "../stages/stage.js";
import { withLock } from "../util/lock.js";
import { lockPath, type Workspace } from "./workspace.js";

/** At most this many pieces of work that mostly wait for disk or network run beside the one that computes. */
const ioConcurrency = 2;

/**
 * Gives work its turn. One compute job runs at a time: in this process by a queue, and on the same cores by a lock in the
 * store, because two llama.cpp processes on the same cores spin against each other. I/O runs beside it.
 */
export class Scheduler {
  readonly #queues: Record<Resource, PQueue> = {
    compute: new PQueue({ concurrency: 1 }),
    io: new PQueue({ concurrency: ioConcurrency }),
  };
  readonly #workspace: Workspace;
  readonly #signal: AbortSignal;
  readonly #cores: string;

  /** `cores`: what `allowedCores` says, where a queue has given this process cores of its own. */
  constructor(workspace: Workspace, signal: AbortSignal, cores = "") {
    this.#workspace = workspace;
    this.#signal = signal;
    this.#cores = cores;
  }

  /** Runs work of a resource class when it is its turn; higher priority first. `onWait`: another process computes. */
  async run<T>(resource: Resource, priority: number, onWait: () => void, work: () => Promise<T>): Promise<T> {
    const job = resource === "io" ? work : () => this.#aloneOnMachine(onWait, work);
    // Not by the queue's own option, which would give up work that has begun and still writes.
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
 * The cores that this process may use, as part of a name, where they are not all of the machine's: jobs on different
 * cores do not disturb each other. Empty where it may use all, or that cannot be told.
 */
export function allowedCores(): string {
  if (process.platform !== "linux" || availableParallelism() === cpus().length) return "";
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return allowed === undefined ? "" : `-${allowed.replaceAll(",", "_")}`;
}
