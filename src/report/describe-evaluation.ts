import type { RunReport } from "../release/release-report.js";

/** A text and the part of it that was read. */
interface ReadText {
  corpus: string;
  chunks: number;
  /** Tokens per chunk. */
  context: number;
}

/**
 * Describes the texts on which variants were measured, one for each category: `16 × 512 tokens of prose.txt, 2 × 8192 tokens
 * of report.txt`. `whole` is the text of an evaluation without categories; `show` formats the name of a text.
 */
export function describeEvaluation(
  { variants }: Pick<RunReport, "variants">,
  whole: ReadText,
  show: (corpus: string) => string,
): string {
  const measured = variants.flatMap(({ quality }) => Object.entries(quality?.categories ?? {}));
  const categories = [...new Map(measured).values()].map((quality) => ({
    ...quality,
    chunks: quality.chunksAvailable,
  }));
  return (categories.length > 0 ? categories : [whole])
    .map(({ corpus, chunks, context }) => `${chunks} × ${context} tokens of ${show(corpus)}`)
    .join(", ");
}
