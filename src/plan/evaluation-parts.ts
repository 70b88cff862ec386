import type { EvaluationCategory, Settings } from "../recipe/settings.js";
import { minChunks } from "../stages/validate/sequential-verdict.js";
import type { PlanFacts } from "./facts.js";
import { predictBytes } from "./predict-bytes.js";

/** Larger base logits are split into segments, of which only one must be on disk (`keepIntermediates: false`). */
const maxSegmentBytes = 2e9;

/** What is measured with one file of base logits: a category of the evaluation, or a segment of one. */
export interface EvaluationPart {
  /** Absent for an evaluation without categories. */
  category?: EvaluationCategory;
  /** Index of the segment, and the number of segments of this category. */
  segment: number;
  of: number;
  /** Chunks of this segment. */
  chunks: number;
  /** Tokens per chunk. */
  context: number;
}

/** Returns the parts of the evaluation in the order of their measurement, those of one category in a row. */
export function evaluationParts({ evaluation }: Settings, { model }: PlanFacts): EvaluationPart[] {
  const { categories } = evaluation;
  const texts = categories.length === 0 ? [evaluation] : categories.map((category) => ({ ...category, category }));
  return texts.flatMap(({ chunks, ...text }) => {
    const category = "category" in text ? { category: text.category } : {};
    const context = "category" in text ? contextOf(text.category, model) : text.context;
    const of = segmentCount(predictBytes.baseLogits(model, chunks, context), chunks);
    return Array.from({ length: of }, (_, segment) => ({
      ...{ ...category, segment, of, context },
      chunks: Math.floor((chunks + of - 1 - segment) / of),
    }));
  });
}

/** A category of long texts has at most the model's context. */
const contextOf = ({ context }: EvaluationCategory, { outline }: PlanFacts["model"]) =>
  Math.min(context, outline?.contextLength ?? context);

/** Returns the number of segments of logits of this size, for a text of so many chunks. */
export function segmentCount(logitBytes: number, chunks: number): number {
  return Math.max(1, Math.min(Math.ceil(logitBytes / maxSegmentBytes), Math.floor(chunks / minChunks)));
}

/** Returns the id of the step that evaluates the base on a part; that of an evaluation's first part is the plain id. */
export function basePartId({ category, segment }: EvaluationPart): string {
  return ["validate:base", category?.name, segment === 0 ? undefined : segment + 1].filter(Boolean).join(":");
}

/**
 * Returns the id of the step that measures a variant on a part. Of several segments, the last has the metrics of all, and
 * the id without a number.
 */
export function variantPartId(variant: string, { category, segment, of }: EvaluationPart): string {
  const number = segment === of - 1 ? undefined : segment + 1;
  return ["validate", variant, category?.name, number].filter((part) => part !== undefined).join(":");
}
