import { Worker } from "node:worker_threads";
import { errorFrom } from "../util/error-report.js";
import { packageRoot } from "../util/package-root.js";
import { pinGgml } from "./ggml-native.js";
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
 * Worker threads that run ggml. Workers read their rows from the file, so only results pass between threads, by transfer
 * instead of copy. Threads start on demand.
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

  /** Runs one task. Throws QS-GGML-LOAD, QS-GGML-VALUES, QS-GGML-IMPORTANCE. */
  run<Kind extends NativeTask["kind"]>(task: TaskOf<Kind>): Promise<NativeResults[Kind]> {
    const result = new Promise<AnyResult>((resolve, reject) => {
      if (this.#closed) return reject(new Error("the pool is closed"));
      pinGgml(this.#library);
      this.#waiting.push({ task, resolve, reject });
      this.#dispatch();
    });
    return result as Promise<NativeResults[Kind]>;
  }

  /**
   * Yields the results of tasks in order. At most two tasks per thread are running or unconsumed, which bounds memory even
   * for a slow consumer.
   */
  async *stream<Kind extends NativeTask["kind"]>(
    tasks: Iterable<TaskOf<Kind>> | AsyncIterable<TaskOf<Kind>>,
  ): AsyncGenerator<NativeResults[Kind], void, void> {
    const ahead: Promise<NativeResults[Kind]>[] = [];
    try {
      for await (const task of tasks) {
        const result = this.run(task);
        // Avoid an unhandled rejection before this result's turn; awaiting it reports the error.
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

  /** Terminates the threads, at the latest after their current native call; unfinished tasks fail. */
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
    // The compiled file even under vitest: worker threads of Node 20 run only JavaScript.
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
