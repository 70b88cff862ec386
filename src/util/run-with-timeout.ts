import { runInNewContext } from "node:vm";

/**
 * The value of work that does not wait for anything; undefined when it takes longer than the limit, of wall time. Regular
 * expressions from elsewhere may need exponential time and would otherwise hang the process beyond any signal. What the
 * work throws passes.
 */
export function runWithTimeout<T>(work: () => T, limitMs: number): { value: T } | undefined {
  try {
    return { value: runInNewContext("work()", { work }, { timeout: limitMs }) as T };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
    throw error;
  }
}
