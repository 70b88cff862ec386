import { checkGates } from "../../release/check-gates.js";
import type { GateLimit } from "../../release/gates.js";
import type { CategoryQuality, PositionKld } from "../../release/release-report.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { sha256 } from "../../util/sha256.js";
import type { Operation, StageContext } from "../stage.js";
import { readReport, writeReport } from "../step-files.js";
import type { BaseReport } from "./base-logits.js";
import { combineStrata } from "./combine-strata.js";
import { publicQuality, readReferences, type ValidateReport } from "./validate-variant.js";

/** Returns the input name of a category's report. */
export const categoryInput = (category: string) => `category:${category}`;
/** Returns the input name of a report of the same text at a shorter context. */
export const positionInput = (category: string, context: number) => `position:${category}:${context}`;

/**
 * Combines the base's reports on the categories: the perplexity over all tokens, names and chunks together. Inputs
 * `category:<name>`, optional because a text can be unusable; output `base.json`, without the perplexity of each chunk.
 * Errors: QS-VALIDATE-NONE if no category was evaluated.
 */
export const combineBase: Operation<{ categories: readonly string[] }> = {
  stage: "validate",
  version: 2,
  resource: "io",
  tools: [],
  async run({ categories }, context) {
    const reports = (await readCategories<BaseReport>(categories, context)).map(([, report]) => report);
    const tokens = reports.map((report) => report.chunks * report.context);
    const total = tokens.reduce((sum, count) => sum + count, 0);
    const mean = (of: (report: BaseReport) => number) =>
      reports.reduce((sum, report, index) => sum + (of(report) * (tokens[index] ?? 0)) / total, 0);
    const perplexity = Math.exp(mean((report) => Math.log(report.perplexity)));
    const relative = reports.map(
      (report, index) => (((tokens[index] ?? 0) / total) * report.perplexityError) / report.perplexity,
    );
    const report: BaseReport = {
      ...common(reports),
      perplexity,
      perplexityError: perplexity * Math.hypot(...relative),
      chunks: reports.reduce((sum, { chunks }) => sum + chunks, 0),
      chunkLogPerplexities: [],
    };
    await writeReport(context, "base.json", report);
    return {};
  },
};

export interface CombineParams extends JsonObject {
  categories: readonly string[];
  /** Shorter contexts at which long texts were measured, in ascending order. */
  positions: readonly { readonly category: string; readonly context: number }[];
  limits: readonly GateLimit[];
}

/**
 * Combines a variant's metrics on the categories and judges them. Inputs `category:<name>` and `position:<name>:<context>`
 * (`quality.json`, optional) and, for relative limits, `of:<variant>`; output `quality.json` with the metrics over all tokens and those of each category. A
 * limit on a category that was not measured is exceeded.
 * Errors: QS-VALIDATE-NONE if no category was measured.
 */
export const combineCategories: Operation<CombineParams> = {
  stage: "validate",
  version: 3,
  resource: "io",
  tools: [],
  async run({ categories, positions, limits }, context) {
    const found = await readCategories<ValidateReport>(categories, context);
    const reports = found.map(([, report]) => report);
    const figures = combineStrata(reports.map(({ blocks }) => blocks));
    const byCategory: Record<string, CategoryQuality> = {};
    for (const [name, report] of found) {
      const contexts = positions.filter(({ category }) => category === name).map(({ context }) => context);
      const kldByPosition = await readPositions(name, contexts, report, context);
      byCategory[name] = { ...publicQuality(report), ...(kldByPosition.length > 1 ? { kldByPosition } : {}) };
    }
    const references = await readReferences(limits, context);
    const report: ValidateReport = {
      ...figures,
      ...common(reports),
      chunksAvailable: reports.reduce((sum, { chunksAvailable }) => sum + chunksAvailable, 0),
      categories: byCategory,
      breaches: checkGates({ ...figures, categories: byCategory }, limits, references),
      decided: false,
      blocks: reports.flatMap(({ blocks }) => blocks),
    };
    await writeReport(context, "quality.json", report);
    return {};
  },
};

/** Returns the KLD at shorter contexts of a category's text, and at its own: chunks are scored in their second half. */
async function readPositions(
  category: string,
  contexts: readonly number[],
  own: ValidateReport,
  context: StageContext,
): Promise<PositionKld[]> {
  const shorter = await Promise.all(
    contexts.map((tokens) => readReport<ValidateReport>(context.input(positionInput(category, tokens)))),
  );
  return [...shorter.filter((report) => report !== undefined), own].map(({ context, kldMean, kldMeanError }) => ({
    ...{ from: Math.floor(context / 2), to: context, kldMean, kldMeanError },
  }));
}

async function readCategories<T>(categories: readonly string[], context: StageContext): Promise<[string, T][]> {
  const found: [string, T][] = [];
  for (const name of categories) {
    const report = await readReport<T>(context.input(categoryInput(name)));
    if (report !== undefined) found.push([name, report]);
  }
  if (found.length > 0) return found;
  throw new QuantsmithError("QS-VALIDATE-NONE", "no category of the evaluation could be measured", {
    remedy: "Correct the texts of `evaluation`; the errors of their steps are above.",
  });
}

/** The corpora together; their digest is that of the list of digests, and `context` the largest. */
function common(reports: readonly Pick<BaseReport, "corpus" | "corpusSha256" | "context">[]) {
  return {
    corpus: [...new Set(reports.map(({ corpus }) => corpus))].join(" + "),
    corpusSha256: sha256(reports.map((report) => `${report.corpusSha256}\n`).join("")),
    context: Math.max(...reports.map(({ context }) => context)),
  };
}
