import type { RunReport } from "../release/release-report.js";

/**
 * Which variants were measured on a part of the evaluation text, as one sentence; undefined when all saw the whole of it.
 * A variant is measured until every gate is clear, which may be before the text ends.
 */
export function describeEarlyStop({ variants }: Pick<RunReport, "variants">): string | undefined {
  const early = variants.flatMap(({ name, quality }) =>
    quality !== null && quality.chunks < quality.chunksAvailable
      ? [`${name} after ${quality.chunks} of ${quality.chunksAvailable} chunks`]
      : [],
  );
  if (early.length === 0) return undefined;
  return `Measuring ended early, all limits being clear with 99 % confidence: ${early.join(", ")}.`;
}
