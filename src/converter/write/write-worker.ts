import { parentPort, workerData } from "node:worker_threads";
import { JobRunner } from "./job-runner.js";
import type { WriteJob } from "./write-job.js";

/** What a thread is started with. */
export interface WriteWorkerData {
  outFile: string;
  jobs: readonly WriteJob[];
  /** Number of the next job that nobody does yet, shared by all threads. */
  next: Int32Array<SharedArrayBuffer>;
}

// A thread of `writeTensors`: does jobs until there are none, and tells of each by its number.
const { outFile, jobs, next } = workerData as WriteWorkerData;
const runner = new JobRunner(outFile);
try {
  for (let job = jobs[Atomics.add(next, 0, 1)]; job !== undefined; job = jobs[Atomics.add(next, 0, 1)]) {
    runner.run(job);
    parentPort?.postMessage(job.elements);
  }
} finally {
  runner.close();
}
