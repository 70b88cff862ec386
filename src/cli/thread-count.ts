import { availableParallelism } from "node:os";
import { QuantsmithError } from "../util/errors.js";

/** Cores for compute steps from `--threads`; all of them without it. Errors: QS-USAGE. */
export function threadCount(given: string | undefined): number {
  if (given === undefined) return availableParallelism();
  const threads = Number(given);
  const cores = availableParallelism();
  if (Number.isInteger(threads) && threads >= 1 && threads <= cores) return threads;
  // More threads than cores spin against each other and are slower by far.
  throw new QuantsmithError("QS-USAGE", `--threads ${given} is not a number of this machine's cores`, {
    remedy: `Give a whole number from 1 to ${cores}.`,
  });
}
