import type { RunReport } from "../release/release-report.js";

/** One sentence about the copy that stood for the base; undefined if the 16-bit base was evaluated. */
export function describeEvaluatedBase({ base }: RunReport): string | undefined {
  const copy = base?.evaluated;
  if (copy === undefined) return undefined;
  const what = `Measured against the ${copy.type} base: importance matrix, probes and measurements used a ${copy.type} copy of the 16-bit model, from which the variants were quantized`;
  if (copy.distance === null) return `${what}.`;
  const { kldMean, kldMeanError, sameTop, chunks, context, corpus } = copy.distance;
  const figures = `mean KL divergence ${kldMean.toFixed(6)} ± ${kldMeanError.toFixed(6)}, same top token ${sameTop.toFixed(2)} %`;
  return `${what}. The copy's distance from 16 bits on ${chunks} × ${context} tokens of ${corpus}: ${figures}.`;
}
