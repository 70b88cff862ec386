import { Worker } from "node:worker_threads";
import { packageRoot } from "../../util/package-root.js";
import type { WriteJob } from "./write-job.js";
import type { WriteWorkerData } from "./write-worker.js";

/**
 * Does the jobs in this many threads, each taking the next one when it is done with another. `onDone` is told the
 * values of each. System errors of any thread pass, and end the others.
 */
export async function runThreads(
  threads: number,
  outFile: string,
  jobs: readonly WriteJob[],
  { signal, onDone }: { signal: AbortSignal; onDone: (values: number) => void },
): Promise<void> {
  signal.throwIfAborted();
  const data: WriteWorkerData = { outFile, jobs, next: new Int32Array(new SharedArrayBuffer(4)) };
  // The compiled file also when this one runs from source under vitest: threads of Node 20 take only JavaScript.
  const url = new URL("dist/converter/write/write-worker.js", packageRoot);
  // Once no job is left, every thread ends by itself.
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
