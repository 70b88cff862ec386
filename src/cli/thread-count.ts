import { availableParallelism } from "node:os";
import { QuantsmithError } from "../util/errors.js";

/** Cores for compute steps from `--threads`; all of them without it. Errors: QS-USAGE. */
export function threadCount(given: string | undefined): number {
  if (given === undefined) return availableParallelism();
  const threads = Number(given);
  const cores = availableParallelism();
  // More threads than cores spin against each other and are slower by far.
  if (Number.isInteger(threads) && threads >= 1 && threads <= cores) return threads;
  throw new QuantsmithError("QS-USAGE", `--threads ${given} is not a number of this machine's cores`, {
    remedy: `Give a whole number from 1 to ${cores}.`,
  });
}

/** The same for a worker: a queue may promise more cores than its machine has. Errors: QS-USAGE. */
export function workerThreads(given: string | undefined): number {
  const cores = availableParallelism();
  const isMore = given !== undefined && /^\d{1,4}$/.test(given) && Number(given) > cores;
  return isMore ? cores : threadCount(given);
}
