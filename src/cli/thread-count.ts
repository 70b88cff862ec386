import { availableParallelism } from "node:os";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";

/** Returns the cores for compute steps: the value of `--threads`, by default all. Errors: QS-USAGE. */
export function threadCount(given: string | undefined): number {
  if (given === undefined) return availableParallelism();
  const threads = Number(given);
  const cores = availableParallelism();
  // More threads than cores spin against each other and are much slower.
  if (Number.isInteger(threads) && threads >= 1 && threads <= cores) return threads;
  throw new QuantsmithError("QS-USAGE", `--threads must be a whole number from 1 to ${cores}, found ${quote(given)}`, {
    remedy: `Set \`--threads\` to at most ${cores}, the number of cores of this machine, or omit it to use all cores.`,
  });
}

/** Returns the cores for a worker, reduced to those of its machine: a queue may request more. Errors: QS-USAGE. */
export function workerThreads(given: string | undefined): number {
  const cores = availableParallelism();
  const isMore = given !== undefined && /^\d{1,4}$/.test(given) && Number(given) > cores;
  return isMore ? cores : threadCount(given);
}
