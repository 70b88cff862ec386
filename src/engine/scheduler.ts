import { hostname } from "node:os";
import PQueue from "p-queue";
import type { Resource } from "../stages/stage.js";
import { withLock } from "../util/lock.js";
import { lockPath, type Workspace } from "./workspace.js";

/** At most this many pieces of work that mostly wait for disk or network run beside the one that computes. */
const ioConcurrency = 2;

/**
 * Gives work its turn. One compute job runs at a time: in this process by a queue, and on this machine by a lock in the
 * store, because two llama.cpp processes on the same cores spin against each other. I/O runs beside it.
 */
export class Scheduler {
  readonly #queues: Record<Resource, PQueue> = {
    compute: new PQueue({ concurrency: 1 }),
    io: new PQueue({ concurrency: ioConcurrency }),
  };
  readonly #workspace: Workspace;
  readonly #signal: AbortSignal;
  readonly #ownCores: boolean;

  /** `ownCores`: whoever started this process has set cores aside for it, so it need not share the machine's. */
  constructor(workspace: Workspace, signal: AbortSignal, ownCores = false) {
    this.#workspace = workspace;
    this.#signal = signal;
    this.#ownCores = ownCores;
  }

  /** Runs work of a resource class when it is its turn; higher priority first. `onWait`: another process computes. */
  async run<T>(resource: Resource, priority: number, onWait: () => void, work: () => Promise<T>): Promise<T> {
    const job = resource === "io" || this.#ownCores ? work : () => this.#aloneOnMachine(onWait, work);
    return this.#queues[resource].add(job, { priority, signal: this.#signal });
  }

  #aloneOnMachine<T>(onWait: () => void, work: () => Promise<T>): Promise<T> {
    const name = `compute-${hostname().replace(/[^\w.-]/g, "_")}`;
    return withLock(lockPath(this.#workspace, name), { signal: this.#signal, onWait }, work);
  }
}
