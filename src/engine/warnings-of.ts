import type { Step } from "../plan/plan.js";
import type { Warning } from "../util/warnings.js";

/**
 * Returns the warnings of a step's record or preparation with the name of its variant, which they lack; none for a
 * comparator, which nobody downloads.
 */
export function warningsOf(
  { variant, comparator }: Pick<Step, "variant" | "comparator">,
  { warnings = [] }: { warnings?: readonly Warning[] },
): Warning[] {
  if (comparator) return [];
  return variant === undefined ? [...warnings] : warnings.map((warning) => ({ ...warning, variant }));
}
