import type { Step } from "../plan/plan.js";
import type { Warning } from "../util/warnings.js";
import type { StepRecord } from "./record.js";

/** Returns the warnings of a finished step, with the name of its variant, which is not part of the record. */
export function warningsOf({ variant }: Pick<Step, "variant">, { warnings = [] }: StepRecord): Warning[] {
  return warnings.map((warning) => ofVariant(warning, variant));
}

/** Returns a warning with the name of the variant that it concerns. */
export function ofVariant(warning: Warning, variant: string | undefined): Warning {
  return variant === undefined ? warning : { ...warning, variant };
}
