import { parentPort, workerData } from "node:worker_threads";
import { JobRunner } from "./job-runner.js";
import type { WriteJob } from "./write-job.js";

/** Start parameters of a thread. */
export interface WriteWorkerData {
  outFile: string;
  jobs: readonly WriteJob[];
  /** Index of the next unassigned job, shared by all threads. */
  next: Int32Array<SharedArrayBuffer>;
}

// A thread of `writeTensors`: runs jobs until none is left, and posts the number of values of each.
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
