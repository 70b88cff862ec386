import { type QuantizePlan, type QuantizeRunResult, runQuantize } from "./quantize-run.js";

/**
 * Returns the type and bytes of every tensor that `quantize` would write, without writing a file.
 * Throws the errors of `quantize`, except for a missing imatrix.
 */
export async function quantizeDryRun(plan: QuantizePlan): Promise<QuantizeRunResult> {
  return (await runQuantize(plan, undefined)).report;
}
