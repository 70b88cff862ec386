import { runWithTimeout } from "./run-with-timeout.js";

/**
 * Returns whether a recipe's regular expression matches a text; undefined if matching exceeds the limit. The limit is
 * generous, so that a busy machine does not fail a good answer.
 */
export function matchWithTimeout(pattern: string, text: string, limitMs = 10_000): boolean | undefined {
  return runWithTimeout(() => new RegExp(pattern).test(text), limitMs)?.value;
}
