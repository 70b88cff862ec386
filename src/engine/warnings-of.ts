import type { Step } from "../plan/plan.js";
import type { Warning } from "../util/warnings.js";

/**
 * Returns the warnings of a step's record or preparation with the name of its variant, which they lack; none for a
 * comparator, which nobody downloads.
 */
export function warningsOf(
  { variant, comparatorOf }: Pick<Step, "variant" | "comparatorOf">,
  { warnings = [] }: { warnings?: readonly Warning[] },
): Warning[] {
  if (comparatorOf !== undefined) return [];
  return variant === undefined ? [...warnings] : warnings.map((warning) => ({ ...warning, variant }));
}
