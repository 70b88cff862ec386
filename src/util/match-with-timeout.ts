import { runWithTimeout } from "./run-with-timeout.js";

/**
 * Whether a regular expression from a recipe is found in a text; undefined when it takes longer than the limit, which is
 * so generous that a busy machine does not turn a good answer into a bad one.
 */
export function matchWithTimeout(pattern: string, text: string, limitMs = 10_000): boolean | undefined {
  return runWithTimeout(() => new RegExp(pattern).test(text), limitMs)?.value;
}
