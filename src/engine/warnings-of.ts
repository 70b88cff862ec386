import type { Step } from "../plan/plan.js";
import { isComparatorName } from "../quant/names.js";
import type { Warning } from "../util/warnings.js";

/**
 * Returns the warnings of a step's record or preparation with the name of its variant, which they lack; none for a
 * comparator, which nobody downloads.
 */
export function warningsOf(
  { variant }: Pick<Step, "variant">,
  { warnings = [] }: { warnings?: readonly Warning[] },
): Warning[] {
  if (variant === undefined) return [...warnings];
  return isComparatorName(variant) ? [] : warnings.map((warning) => ({ ...warning, variant }));
}
