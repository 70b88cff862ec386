import type { RunReport } from "../release/release-report.js";

/**
 * Describes the variants measured on a part of the evaluation text, in one sentence; undefined if there are none.
 * The measurement of a variant stops once every gate is decided.
 */
export function describeEarlyStop({ variants }: Pick<RunReport, "variants">): string | undefined {
  const early = variants.flatMap(({ name, quality }) =>
    quality !== null && quality.chunks < quality.chunksAvailable
      ? [`${name} after ${quality.chunks} of ${quality.chunksAvailable} chunks`]
      : [],
  );
  if (early.length === 0) return undefined;
  return `The measurement stopped early, once all gates were decided with 99 % confidence: ${early.join(", ")}.`;
}
