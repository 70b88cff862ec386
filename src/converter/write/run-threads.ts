import { Worker } from "node:worker_threads";
import { packageRoot } from "../../util/package-root.js";
import type { WriteJob } from "./write-job.js";
import type { WriteWorkerData } from "./write-worker.js";

/**
 * Runs jobs in this many threads; each thread fetches the next job when it is idle. Calls `onDone` with the number of
 * values of each finished job. A system error of one thread stops the others and is thrown.
 */
export async function runThreads(
  threads: number,
  outFile: string,
  jobs: readonly WriteJob[],
  { signal, onDone }: { signal: AbortSignal; onDone: (values: number) => void },
): Promise<void> {
  signal.throwIfAborted();
  const data: WriteWorkerData = { outFile, jobs, next: new Int32Array(new SharedArrayBuffer(4)) };
  // Worker threads of Node 20 load only JavaScript, so vitest runs from source use the compiled file, too.
  const url = new URL("dist/converter/write/write-worker.js", packageRoot);
  // Threads end when no job is left.
  const stop = () => Atomics.store(data.next, 0, jobs.length);
  signal.addEventListener("abort", stop);
  const ends = Array.from({ length: threads }, () => {
    const worker = new Worker(url, { workerData: data });
    worker.on("message", onDone);
    return new Promise<void>((resolve, reject) => {
      worker.on("exit", () => resolve());
      worker.on("error", (error) => {
        stop();
        reject(error);
      });
    });
  });
  try {
    const ended = await Promise.allSettled(ends);
    signal.throwIfAborted();
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
