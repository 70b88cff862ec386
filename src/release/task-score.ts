import type { TaskScore, VariantReport } from "./release-report.js";

type Comparison = Omit<TaskScore, "name" | "kind" | "file" | "sha256">;

/**
 * Compares the answers of a variant with the base's answers to the same questions, in the same order: `true` is a right answer.
 *
 * The error of an accuracy is that of Agresti and Coull (1998): √(p(1−p)/m) with m = n + 4 and p = (right + 2)/m. The error of
 * the change is that of matched pairs in Agresti and Min (2005), with half a question added to each cell of the table:
 * √(b + c − (c − b)²/m)/m with m = n + 2, b = lost + ½, c = gained + ½. Unlike Wald's errors, which llama-perplexity prints, they
 * are not 0 if all questions have the same outcome. Questions that both models answer alike do not add to the error of the
 * change, so it is smaller than that of two independent accuracies.
 */
export function compareAnswers(base: readonly boolean[], variant: readonly boolean[]): Comparison {
  const questions = base.length;
  const right = variant.filter(Boolean).length;
  const baseRight = base.filter(Boolean).length;
  const lost = base.filter((inBase, index) => inBase && variant[index] === false).length;
  const gained = right - baseRight + lost;
  return {
    questions,
    accuracy: percent(right, questions),
    accuracyError: accuracyError(right, questions),
    baseAccuracy: percent(baseRight, questions),
    baseAccuracyError: accuracyError(baseRight, questions),
    lost,
    gained,
    change: percent(gained - lost, questions),
    changeError: changeError(lost, gained, questions),
  };
}

const percent = (part: number, whole: number) => (100 * part) / whole;

function accuracyError(right: number, questions: number): number {
  const total = questions + 4;
  const share = (right + 2) / total;
  return 100 * Math.sqrt((share * (1 - share)) / total);
}

function changeError(lost: number, gained: number, questions: number): number {
  const total = questions + 2;
  return (100 * Math.sqrt(lost + gained + 1 - (gained - lost) ** 2 / total)) / total;
}

/** A limit on the loss of a task's accuracy, in percentage points. */
export type TaskLimit = { readonly name: string; readonly maxDrop?: number | undefined };

/** Returns a sentence for each limit that a variant's scores exceed. */
export function taskBreaches(scores: readonly TaskScore[], limits: readonly TaskLimit[]): string[] {
  return limits.flatMap(({ name, maxDrop = Number.POSITIVE_INFINITY }) => {
    const score = scores.find((task) => task.name === name);
    if (score === undefined || -score.change <= maxDrop) return [];
    return [
      `${name}: ${formatScore(score.accuracy, score.accuracyError)} of the answers are right, ${(-score.change).toFixed(1)} points fewer than the base's; at most ${maxDrop} are allowed`,
    ];
  });
}

/** Column titles of the answers in the model card, the report and the terminal. */
export const taskTitles = ["Variant", "Task", "Questions", "Right", "Base", "Change"] as const;

/** Cells of each variant and task, in the order of `taskTitles`; empty without tasks. */
export function taskRows(variants: readonly Pick<VariantReport, "name" | "tasks">[]): string[][] {
  return variants.flatMap(({ name, tasks = [] }) =>
    tasks.map((score) => [
      name,
      score.name,
      `${score.questions}`,
      formatScore(score.accuracy, score.accuracyError),
      formatScore(score.baseAccuracy, score.baseAccuracyError),
      `${score.change < 0 ? "−" : "+"}${Math.abs(score.change).toFixed(1)} ± ${score.changeError.toFixed(1)}`,
    ]),
  );
}

/** What the columns mean. */
export const taskNote =
  "Right: share of questions whose right answer gets the highest mean log-likelihood per token, as llama-perplexity scores it, ± standard error (Agresti–Coull). Change: percentage points against the base on the same questions, ± standard error of matched pairs (Agresti–Min).";

const formatScore = (percent: number, error: number) => `${percent.toFixed(1)} ± ${error.toFixed(1)} %`;
