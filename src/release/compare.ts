import { formatKld, formatMegabytes, smokeCell } from "./figures.js";
import type { RunReport, SmokeAnswer, VariantQuality, VariantReport } from "./release-report.js";

/** A smoke prompt that a variant answers differently in two releases. */
export interface AnswerComparison {
  prompt: string;
  /** Type of the projector through which the model saw a picture; absent without one. */
  projector?: string;
  before: Pick<SmokeAnswer, "answer" | "failures">;
  after: Pick<SmokeAnswer, "answer" | "failures">;
}

/** One variant in two releases; null where a release lacks it. */
export interface VariantComparison {
  name: string;
  before: VariantReport | null;
  after: VariantReport | null;
  /** The contents of the file differ. */
  changed: boolean;
  /** Both were measured on the same chunks of the same text; false also without measurements. */
  comparable: boolean;
  /** Answers to the same prompts that differ in text or unmet expectations; null if a release has no answers. */
  answers: AnswerComparison[] | null;
}

export interface ReleaseComparison {
  /** In the order of the new release, then those that only the old one has. */
  variants: VariantComparison[];
  /** What differs besides the variants: the source's commit, tools. */
  inputs: { name: string; before: string | null; after: string | null }[];
}

/** Compares two releases by the names of their variants. Pure. */
export function compareReleases(before: RunReport, after: RunReport): ReleaseComparison {
  const find = ({ variants }: RunReport, name: string) => variants.find((one) => one.name === name) ?? null;
  const names = [...new Set([...after.variants, ...before.variants].map(({ name }) => name))];
  const tools = [...new Set([...Object.keys(before.toolchain), ...Object.keys(after.toolchain)])];
  const inputs = [
    { name: "source", before: before.model.source, after: after.model.source },
    { name: "commit", before: before.model.commit, after: after.model.commit },
    ...tools.map((name) => ({ name, before: before.toolchain[name] ?? null, after: after.toolchain[name] ?? null })),
  ];
  return {
    variants: names.map((name) => compareVariants(name, find(before, name), find(after, name))),
    inputs: inputs.filter((input) => input.before !== input.after),
  };
}

function compareVariants(name: string, before: VariantReport | null, after: VariantReport | null): VariantComparison {
  return {
    ...{ name, before, after, changed: before?.sha256 !== after?.sha256 },
    comparable: isSameText(before?.quality ?? null, after?.quality ?? null),
    answers: compareAnswers(before?.smoke?.answers, after?.smoke?.answers),
  };
}

/** Compares the answers to the prompts that both releases have. */
function compareAnswers(
  before: readonly SmokeAnswer[] | undefined,
  after: readonly SmokeAnswer[] | undefined,
): AnswerComparison[] | null {
  if (before === undefined || after === undefined) return null;
  return after.flatMap((now) => {
    const { prompt, projector } = now;
    const then = before.find((one) => one.prompt === prompt && one.projector === projector);
    if (then === undefined || (then.answer === now.answer && then.failures.join() === now.failures.join())) return [];
    const of = ({ answer, failures }: SmokeAnswer) => ({ answer, failures });
    return [{ prompt, ...(projector === undefined ? {} : { projector }), before: of(then), after: of(now) }];
  });
}

function isSameText(before: VariantQuality | null, after: VariantQuality | null): boolean {
  if (before === null || after === null) return false;
  return (["corpusSha256", "context", "chunks"] as const).every((key) => before[key] === after[key]);
}

/** Column titles of the comparison in the terminal. */
export const comparisonTitles = ["Variant", "File", "Size", "BPW", "Mean KLD", "Same top", "Smoke"] as const;

/** Cells of one variant, in the order of `comparisonTitles`: one value, or "before → after" if they differ. */
export function comparisonCells({ name, before, after, changed, comparable }: VariantComparison): string[] {
  const cell = (format: (variant: VariantReport) => string) => {
    const [first, second] = [before, after].map((variant) => (variant === null ? "–" : format(variant)));
    return first === second ? (first ?? "") : `${first} → ${second}`;
  };
  const file = before === null ? "new" : after === null ? "gone" : changed ? "changed" : "same";
  const other = before?.quality && after?.quality && !comparable ? " (other text)" : "";
  return [
    name,
    file,
    cell(({ bytes }) => formatMegabytes(bytes)),
    cell(({ bitsPerWeight }) => bitsPerWeight.toFixed(2)),
    `${cell(({ quality }) => (quality === null ? "–" : formatKld(quality)))}${other}`,
    cell(({ quality }) => (quality === null ? "–" : `${quality.sameTop.toFixed(2)} %`)),
    cell(({ smoke }) => smokeCell(smoke)),
  ];
}

/** Lines about the answers of a variant that differ; none if they are the same or unknown. */
export function answerLines({ name, answers }: VariantComparison): string[] {
  if (answers === null || answers.length === 0) return [];
  const line = (when: string, { answer, failures }: AnswerComparison["before"]) =>
    `    ${when}${failures.length === 0 ? "" : ` (${failures.join("; ")})`}: ${answer}`;
  return [
    `${name} answers differently:`,
    ...answers.flatMap(({ prompt, projector, before, after }) => [
      `  ${prompt}${projector === undefined ? "" : ` (picture, projector ${projector})`}`,
      line("before", before),
      line("after", after),
    ]),
  ];
}
