import type { EvaluationCategory, Settings } from "../recipe/settings.js";
import { minChunks } from "../stages/validate/sequential-verdict.js";
import type { PlanFacts } from "./facts.js";
import { predictBytes } from "./predict-bytes.js";

/** Larger base logits are split into segments, of which only one must be on disk (`keepIntermediates: false`). */
const maxSegmentBytes = 2e9;

/** Contexts at which a long text is measured, too, for its KLD by position, on so many tokens each. */
const positionContexts = [512, 2048, 4096, 8192, 16_384, 32_768];
const positionTokens = 4096;

/** What is measured with one file of base logits: a category of the evaluation, a segment or a shorter context of one. */
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
  /** Whether this is a shorter context of a long text, which counts only for its KLD by position. */
  byPosition: boolean;
}

/** Returns the parts of the evaluation in the order of their measurement, those of one category in a row. */
export function evaluationParts({ evaluation }: Settings, { model }: PlanFacts): EvaluationPart[] {
  const { categories } = evaluation;
  const texts = categories.length === 0 ? [evaluation] : categories.map((category) => ({ ...category, category }));
  return texts.flatMap(({ chunks, ...text }) => {
    const category = "category" in text ? { category: text.category } : {};
    const context = "category" in text ? contextOf(text.category, model) : text.context;
    const of = segmentCount(predictBytes.baseLogits(model, chunks, context), chunks);
    const segments = Array.from({ length: of }, (_, segment) => ({
      ...{ ...category, segment, of, context, byPosition: false },
      chunks: Math.floor((chunks + of - 1 - segment) / of),
    }));
    const shorter = positionContexts
      .filter((tokens) => tokens >= evaluation.context && tokens < context)
      .map((tokens) => ({
        ...{ ...category, segment: 0, of: 1, context: tokens, byPosition: true },
        chunks: Math.max(1, Math.floor(positionTokens / tokens)),
      }));
    return [...segments, ...shorter];
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
export function basePartId({ category, segment, context, byPosition }: EvaluationPart): string {
  const number = byPosition ? `at-${context}` : segment === 0 ? undefined : segment + 1;
  return ["validate:base", category?.name, number].filter(Boolean).join(":");
}

/**
 * Returns the id of the step that measures a variant on a part. Of several segments, the last has the metrics of all, and
 * the id without a number.
 */
export function variantPartId(variant: string, { category, segment, of, context, byPosition }: EvaluationPart): string {
  const number = byPosition ? `at-${context}` : segment === of - 1 ? undefined : segment + 1;
  return ["validate", variant, category?.name, number].filter((part) => part !== undefined).join(":");
}
