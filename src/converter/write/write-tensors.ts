import { open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { GgufTensor } from "../../gguf/gguf.js";
import type { PlannedTensor } from "../planned-tensor.js";
import { JobRunner } from "./job-runner.js";
import { runThreads } from "./run-threads.js";
import { type WriteJob, writeJobs } from "./write-job.js";

/** Values that justify another thread, 64 MB of 16-bit values; starting one takes a tenth of a second. */
const threadValues = 2 ** 25;

export interface WriteTensorsOptions {
  threads: number;
  signal: AbortSignal;
  /** Called with the values done and the total. */
  onValues: (done: number, total: number) => void;
}

/**
 * Writes the data of all tensors at their offsets in the file. Each thread uses at most three megabytes of memory,
 * unless single heads are larger. `places` are the GGUF entries of `tensors`. Throws system errors.
 */
export async function writeTensors(
  outFile: string,
  tensors: readonly PlannedTensor[],
  places: readonly GgufTensor[],
  { threads, signal, onValues }: WriteTensorsOptions,
): Promise<void> {
  await writeGenerated(outFile, tensors, places);
  const jobs = [...writeJobs(tensors, places)];
  const total = jobs.reduce((sum, { elements }) => sum + elements, 0);
  let done = 0;
  const onDone = (values: number) => {
    done += values;
    onValues(done, total);
  };
  const useful = Math.min(threads, Math.floor(total / threadValues));
  if (useful < 2) await runInProcess(outFile, jobs, signal, onDone);
  else await runThreads(useful, outFile, jobs, { signal, onDone });
}

async function writeGenerated(
  outFile: string,
  tensors: readonly PlannedTensor[],
  places: readonly GgufTensor[],
): Promise<void> {
  const file = await open(outFile, "r+");
  try {
    for (const [i, { data }] of tensors.entries()) {
      if (!(data instanceof Float32Array)) continue;
      await file.write(new Uint8Array(data.buffer), 0, data.byteLength, places[i]?.offset ?? 0);
    }
  } finally {
    await file.close();
  }
}

async function runInProcess(
  outFile: string,
  jobs: readonly WriteJob[],
  signal: AbortSignal,
  onDone: (values: number) => void,
): Promise<void> {
  const runner = new JobRunner(outFile);
  try {
    for (const job of jobs) {
      signal.throwIfAborted();
      runner.run(job);
      onDone(job.elements);
      await setImmediate();
    }
  } finally {
    runner.close();
  }
}
