import { type QuantizePlan, type QuantizeRunResult, runQuantize } from "./quantize-run.js";

/**
 * Tells which type every tensor would get and the bytes that takes, without writing anything.
 * Throws what `quantize` throws, except that a type which needs an imatrix passes without one.
 */
export async function quantizeDryRun(plan: QuantizePlan): Promise<QuantizeRunResult> {
  return (await runQuantize(plan, undefined)).report;
}
