import { runOnDevice } from "./compute/run-on-device.js";
import { modelLoadPattern } from "./input-failures.js";
import type { TaskFile, TaskKind } from "./task-file.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export interface QuestionsOptions extends ToolRun, Pick<TaskFile, "questions" | "mostAnswers"> {
  model: string;
  kind: TaskKind;
  /** `TaskFile.content` as a file. */
  file: string;
  /** Number of questions to ask; llama-perplexity draws them with a fixed seed, the same for every model. */
  limit: number;
}

export interface QuestionsResult extends ToolReport {
  /** For each question in the order of the tool, whether the model gave the right answer the highest likelihood. */
  outcomes: boolean[];
}

/** llama-perplexity's default: contexts of 512 tokens for four sequences. */
const contextTokens = 2048;
const defaultSequences = 4;

/**
 * Lets a model answer multiple-choice questions by log-likelihood (`llama-perplexity --hellaswag`, `--winogrande`,
 * `--multiple-choice`). Throws `QS-TASK-CONTEXT`, `QS-VALIDATE-LOAD`, `QS-VALIDATE-FAILED`, `QS-ENV-OOM`, `QS-COMPUTE-*`.
 */
export async function answerQuestions(options: QuestionsOptions): Promise<QuestionsResult> {
  const { kind, mostAnswers } = options;
  const asked = Math.min(options.limit, options.questions);
  // Each answer is a sequence of its own; all share the context.
  const sequences = Math.max(defaultSequences, mostAnswers);
  const argsFor = (device: readonly string[]) => [
    ...["-m", fileArgument(options.model), kind === "multiple-choice" ? "-bf" : "-f", fileArgument(options.file)],
    ...[`--${kind}`, `--${kind}-tasks`, `${asked}`],
    ...["-c", `${Math.floor(contextTokens / sequences)}`, "-np", `${sequences}`, "-t", `${options.threads}`],
    ...device,
  ];
  const { result, args } = await runOnDevice(options, {
    tool: "llama-perplexity",
    args: argsFor,
    follow: () => followQuestions(kind, asked, options.onProgress),
    context: contextTokens,
  });
  // The tool exits with code 0 after errors, too.
  const outcomes = result.exitCode === 0 ? parseOutcomes(kind, result.stdout) : [];
  if (outcomes.length !== asked) {
    throw toolFailure(result, {
      doing: `asking ${options.model} the questions of ${options.file}`,
      patterns: [
        {
          pattern: /does not fit in the context window \(requires (\d+) tokens\)/,
          code: "QS-TASK-CONTEXT",
          message: ([, tokens]) =>
            `a question of ${options.file} has ${tokens} tokens with its answers, more than ${contextTokens}`,
          remedy: "Remove long questions from the file.",
        },
        modelLoadPattern("QS-VALIDATE-LOAD"),
      ],
      otherwise: {
        code: "QS-VALIDATE-FAILED",
        remedy: "Check the last lines of the tool's output, or run `quantsmith doctor`.",
      },
    });
  }
  return { outcomes, ...toolReport("llama-perplexity", args, result) };
}

/** A row per question: its number, and the share of right answers so far in percent. */
const rows: Readonly<Record<TaskKind, RegExp>> = {
  hellaswag: /^(\d+)\t\s*([\d.]+)%\t\[/,
  winogrande: /^(\d+)\t\s*([\d.]+)\t\s*\S+\s+\S+\s+[12]\s+[12]$/,
  "multiple-choice": /^(\d+)\t\s*([\d.]+)$/,
};

/** Parses whether each question was answered right from the running share of right answers; ends at a gap in the rows. */
export function parseOutcomes(kind: TaskKind, stdout: string): boolean[] {
  const outcomes: boolean[] = [];
  let right = 0;
  for (const line of stdout.split("\n")) {
    const [, number, percent] = rows[kind].exec(line) ?? [];
    if (Number(number) !== outcomes.length + 1) continue;
    // Printed with four decimals or more, which identify the count up to a million questions.
    const total = Math.round((Number(percent) * Number(number)) / 100);
    outcomes.push(total > right);
    right = total;
  }
  return outcomes;
}

function followQuestions(kind: TaskKind, total: number, onProgress: ToolRun["onProgress"]) {
  let rest = "";
  return (text: string, stream: "stdout" | "stderr") => {
    if (stream === "stderr") return;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const number = rows[kind].exec(line)?.[1];
      if (number !== undefined) onProgress?.({ done: Number(number), total, unit: "question" });
    }
  };
}
