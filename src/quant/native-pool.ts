import { Worker } from "node:worker_threads";
import { errorFrom } from "../util/error-report.js";
import { packageRoot } from "../util/package-root.js";
import { holdGgml } from "./ggml-native.js";
import type { AnyResult, NativeReply, NativeResults, NativeTask } from "./native-task.js";

export interface NativePoolOptions {
  /** Absolute path of libggml-base. */
  library: string;
  threads: number;
}

type TaskOf<Kind extends NativeTask["kind"]> = Extract<NativeTask, { kind: Kind }>;

interface Job {
  task: NativeTask;
  resolve(result: AnyResult): void;
  reject(error: unknown): void;
}

/**
 * Threads that run ggml. Workers read their rows from the file themselves, so only results cross
 * between threads, and those are moved, not copied. Threads start with the first tasks.
 */
export class NativePool {
  readonly threads: number;
  readonly #library: string;
  readonly #waiting: Job[] = [];
  readonly #busy = new Map<Worker, Job>();
  readonly #idle: Worker[] = [];
  #closed = false;

  constructor(options: NativePoolOptions) {
    this.#library = options.library;
    this.threads = options.threads;
  }

  /** Does one task. Throws QS-GGML-LOAD, QS-GGML-VALUES, QS-GGML-IMPORTANCE. */
  run<Kind extends NativeTask["kind"]>(task: TaskOf<Kind>): Promise<NativeResults[Kind]> {
    const result = new Promise<AnyResult>((resolve, reject) => {
      if (this.#closed) return reject(new Error("the pool is closed"));
      holdGgml(this.#library);
      this.#waiting.push({ task, resolve, reject });
      this.#dispatch();
    });
    return result as Promise<NativeResults[Kind]>;
  }

  /**
   * Results of tasks in their order. At most two tasks per thread are under way or done and not yet
   * taken, so memory stays bounded however slowly results are taken.
   */
  async *stream<Kind extends NativeTask["kind"]>(
    tasks: Iterable<TaskOf<Kind>> | AsyncIterable<TaskOf<Kind>>,
  ): AsyncGenerator<NativeResults[Kind], void, void> {
    const ahead: Promise<NativeResults[Kind]>[] = [];
    try {
      for await (const task of tasks) {
        const result = this.run(task);
        // One that fails before its turn must not count as unhandled; its turn, or an earlier failure, tells.
        result.catch(() => {});
        ahead.push(result);
        const first = ahead.length < 2 * this.threads ? undefined : ahead.shift();
        if (first !== undefined) yield await first;
      }
      for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) yield await next;
    } finally {
      await Promise.allSettled(ahead);
    }
  }

  /** Ends the threads, at the latest when the rows in work are done; unfinished tasks fail. */
  async close(): Promise<void> {
    this.#closed = true;
    const jobs = [...this.#busy.values(), ...this.#waiting.splice(0)];
    const workers = [...this.#busy.keys(), ...this.#idle.splice(0)];
    this.#busy.clear();
    for (const job of jobs) job.reject(new Error("the pool was closed"));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? (this.#busy.size < this.threads ? this.#start() : undefined);
      if (worker === undefined) return;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#busy.set(worker, job);
      worker.ref();
      worker.postMessage(job.task);
    }
  }

  #start(): Worker {
    // The compiled file also when this one runs from source under vitest: threads of Node 20 take only JavaScript.
    const worker = new Worker(new URL("dist/quant/native-worker.js", packageRoot), {
      workerData: { library: this.#library },
    });
    worker.on("message", (reply: NativeReply) => {
      const job = this.#busy.get(worker);
      if (job === undefined) return;
      this.#busy.delete(worker);
      this.#idle.push(worker);
      // An idle thread does not keep the process alive.
      worker.unref();
      if ("result" in reply) job.resolve(reply.result);
      else job.reject(errorFrom(reply.failure));
      this.#dispatch();
    });
    worker.on("error", (error) => {
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      job?.reject(error);
      this.#dispatch();
    });
    return worker;
  }
}
