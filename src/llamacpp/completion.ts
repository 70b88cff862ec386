import { runOnDevice } from "./compute/run-on-device.js";
import { modelLoadPattern } from "./input-failures.js";
import { parseNumber } from "./parse-number.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export interface CompletionOptions extends ToolRun {
  model: string;
  /** File with the start of the text. */
  prompt: string;
  /** Most tokens to sample; the model may end the text earlier. */
  tokens: number;
  seed: number;
  temperature: number;
}

export interface CompletionResult extends ToolReport {
  /** The prompt and its continuation. */
  text: string;
  /** Number of sampled tokens. */
  tokens: number;
}

/** Context reserved for the prompt, in tokens. */
const promptTokens = 128;

/**
 * Samples a continuation of a text (`llama-completion`) with temperature only: top-k and top-p would truncate the
 * model's distribution. The same seed gives the same text on the same machine.
 * Throws `QS-SAMPLE-FAILED`, `QS-ENV-OOM`, `QS-COMPUTE-*`.
 */
export async function completeText(options: CompletionOptions): Promise<CompletionResult> {
  const argsFor = (device: readonly string[]) => [
    ...["-m", fileArgument(options.model), "-f", fileArgument(options.prompt), "-n", `${options.tokens}`],
    ...["-c", `${options.tokens + promptTokens}`, "--seed", `${options.seed}`, "--temp", `${options.temperature}`],
    ...["--top-k", "0", "--top-p", "1", "--min-p", "0", "-t", `${options.threads}`],
    ...["-no-cnv", "--no-warmup", "--simple-io", "--no-escape"],
    // The program renders the template even if it does not use it; a built-in one replaces the model's, which may loop.
    ...["--chat-template", "chatml"],
    ...device,
  ];
  const { result, args } = await runOnDevice(options, {
    tool: "llama-completion",
    args: argsFor,
    context: options.tokens + promptTokens,
  });
  // Absent if the first token ends the text.
  const runs = parseNumber(/\beval time =[^\n]*\/ +(\d+) runs/.exec(result.stderr)?.[1]);
  const ended = /common_perf_print:|\[end of text\]/.test(`${result.stdout}${result.stderr}`);
  if (result.exitCode !== 0 || !ended) {
    throw toolFailure(result, {
      doing: `sampling a text from ${options.model}`,
      patterns: [modelLoadPattern("QS-SAMPLE-FAILED")],
      otherwise: {
        code: "QS-SAMPLE-FAILED",
        remedy: "Check the last lines of the tool's output, or run `quantsmith doctor`.",
      },
    });
  }
  const text = result.stdout.replace(/\s*\[end of text\]\s*$/, "");
  return { text, tokens: runs ?? 0, ...toolReport("llama-completion", args, result) };
}
