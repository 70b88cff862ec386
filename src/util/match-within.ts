import { runInNewContext } from "node:vm";

/**
 * Whether a regular expression from a recipe is found in a text; undefined when it takes longer than the limit.
 * Some patterns need exponential time on some texts and would otherwise hang the process beyond any signal. The limit
 * is wall time and so generous that a busy machine does not turn a good answer into a bad one.
 */
export function matchWithin(pattern: string, text: string, limitMs = 10_000): boolean | undefined {
  try {
    return runInNewContext("new RegExp(pattern).test(text)", { pattern, text }, { timeout: limitMs }) === true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
    throw error;
  }
}
