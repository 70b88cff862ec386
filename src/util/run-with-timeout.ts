import { runInNewContext } from "node:vm";

/**
 * Runs synchronous work with a limit of wall time; undefined if the work exceeds it. Untrusted regular expressions may
 * take exponential time and would block signal handling, too. Errors of the work are passed on.
 */
export function runWithTimeout<T>(work: () => T, limitMs: number): { value: T } | undefined {
  try {
    return { value: runInNewContext("work()", { work }, { timeout: limitMs }) as T };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
    throw error;
  }
}
