import { modelLoadPattern } from "./input-failures.js";
import { parseNumber } from "./parse-number.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, runTool, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export interface CompletionOptions extends ToolRun {
  model: string;
  /** The file that holds how the text begins. */
  prompt: string;
  /** Tokens at most; the model may end the text before. */
  tokens: number;
  seed: number;
  temperature: number;
}

export interface CompletionResult extends ToolReport {
  /** The beginning and what the model made of it. */
  text: string;
  /** Tokens really sampled. */
  tokens: number;
}

/** Room for the beginning beside what is sampled, in tokens. */
const promptTokens = 128;

/**
 * Lets the model continue a text (`llama-completion`), by temperature alone: what a model really says is its whole
 * distribution, which top-k and top-p would cut. The same seed gives the same text on the same machine.
 * Throws `QS-SAMPLE-FAILED`, `QS-ENV-OOM`.
 */
export async function completeText(options: CompletionOptions): Promise<CompletionResult> {
  const args = [
    ...["-m", fileArgument(options.model), "-f", fileArgument(options.prompt), "-n", `${options.tokens}`],
    ...["-c", `${options.tokens + promptTokens}`, "--seed", `${options.seed}`, "--temp", `${options.temperature}`],
    ...["--top-k", "0", "--top-p", "1", "--min-p", "0", "-t", `${options.threads}`],
    ...["-no-cnv", "--no-warmup", "--simple-io", "--no-escape"],
  ];
  const result = await runTool(options, "llama-completion", args);
  // Absent when the first token already ends the text.
  const runs = parseNumber(/\beval time =[^\n]*\/ +(\d+) runs/.exec(result.stderr)?.[1]);
  const ended = /common_perf_print:|\[end of text\]/.test(`${result.stdout}${result.stderr}`);
  if (result.exitCode !== 0 || !ended) {
    throw toolFailure(result, {
      doing: `sampling a text from ${options.model}`,
      patterns: [modelLoadPattern("QS-SAMPLE-FAILED")],
      otherwise: {
        code: "QS-SAMPLE-FAILED",
        remedy: "See the tool's last lines; `quantsmith doctor` checks the tools.",
      },
    });
  }
  const text = result.stdout.replace(/\s*\[end of text\]\s*$/, "");
  return { text, tokens: runs ?? 0, ...toolReport("llama-completion", args, result) };
}
