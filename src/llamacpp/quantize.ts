import path from "node:path";
import { checkWrittenGguf } from "./check-written-gguf.js";
import { type QuantizePlan, type QuantizeRunResult, runQuantize } from "./quantize-run.js";

export type { QuantizedTensor, QuantizeReport } from "./quantize-report.js";
export type { QuantizePlan } from "./quantize-run.js";

export interface QuantizeOptions extends QuantizePlan {
  out: string;
}

export interface QuantizeResult extends QuantizeRunResult {
  /** Size of the written file. */
  fileBytes: number;
}

/**
 * Writes one variant with `llama-quantize` and returns the type of every tensor.
 * Throws `QS-QUANTIZE-IMATRIX`, `QS-QUANTIZE-TYPE`, `QS-QUANTIZE-FAILED`, `QS-DISK-FULL`, `QS-ENV-OOM`.
 */
export async function quantize(options: QuantizeOptions): Promise<QuantizeResult> {
  const { report, result, doing } = await runQuantize(options, options.out);
  const fileBytes = await checkWrittenGguf(path.join(options.cwd, options.out), doing, result);
  return { ...report, fileBytes };
}
