import path from "node:path";
import { readBaseLogits } from "./base-logits.js";
import { modelLoadPattern, nonFiniteRemedy, textShortPattern } from "./input-failures.js";
import { parseChunkPerplexities, parseFinalPerplexity } from "./parse-number.js";
import { runOverChunks } from "./run-over-chunks.js";
import { diskFullError, toolFailure } from "./tool-failure.js";
import { fileArgument, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export { baseLogitsBytes } from "./base-logits.js";

export interface BaseLogitsOptions extends ToolRun {
  model: string;
  text: string;
  /** Tokenize control tokens such as `<|im_start|>` in the text as such, not as plain text (default false). */
  parseSpecial?: boolean;
  /** Output file; `baseLogitsBytes` computes its size in advance. */
  out: string;
  /** Limit of chunks; a shorter text has fewer. */
  chunks: number;
  /** Tokens per chunk. */
  context: number;
}

export interface BaseLogitsResult extends ToolReport {
  perplexity: number;
  /** One standard error of the perplexity. */
  perplexityError: number;
  /** Number of computed chunks. */
  chunks: number;
  /** Logarithm of the perplexity of each chunk, in nats; each has an error of up to its number · 10⁻⁴ / perplexity. */
  chunkLogPerplexities: number[];
  vocabulary: number;
}

/**
 * Measures the base model's perplexity on the evaluation text and saves its logits for `measureKld`
 * (`llama-perplexity`, or `llama-logits` for control tokens, which it cannot parse). Throws `QS-VALIDATE-TEXT-SHORT`, `QS-VALIDATE-NAN`, `QS-VALIDATE-LOAD`, `QS-VALIDATE-FAILED`, `QS-DISK-FULL`,
 * `QS-COMPUTE-*`.
 */
export async function saveBaseLogits(options: BaseLogitsOptions): Promise<BaseLogitsResult> {
  const argsFor = (device: readonly string[]) => [
    ...["-m", fileArgument(options.model), "-f", fileArgument(options.text)],
    ...["--save-all-logits", fileArgument(options.out)],
    ...["-c", `${options.context}`, "--chunks", `${options.chunks}`, "-t", `${options.threads}`],
    ...device,
  ];
  const tool = options.parseSpecial ? "llama-logits" : "llama-perplexity";
  const { result, args } = await runOverChunks(options, tool, options.context, argsFor);
  const doing = `computing the base logits of ${options.model} on ${options.text}`;
  const estimate = parseFinalPerplexity(`${result.stdout}\n${result.stderr}`);
  if (result.exitCode !== 0 || estimate === undefined || !Number.isFinite(estimate.perplexity)) {
    throw toolFailure(result, {
      doing,
      patterns: [
        textShortPattern("QS-VALIDATE-TEXT-SHORT", options.text),
        {
          pattern: /\](?:-?nan|-?inf),|PPL = [+-]?(?:nan|inf)|Unexpected negative standard deviation/i,
          code: "QS-VALIDATE-NAN",
          message: () => `${options.model} computes NaN or infinite values`,
          remedy: nonFiniteRemedy(options.compute),
        },
        modelLoadPattern("QS-VALIDATE-LOAD"),
      ],
      otherwise: {
        code: "QS-VALIDATE-FAILED",
        remedy: "Check the last lines of the tool's output, or run `quantsmith doctor`.",
      },
    });
  }
  // The tool does not check its writes: on a full disk it exits with code 0 and a truncated or empty file.
  const written = await readBaseLogits(path.join(options.cwd, options.out));
  if (written === undefined) throw diskFullError(doing, result);
  return {
    ...estimate,
    chunks: written.chunks,
    chunkLogPerplexities: parseChunkPerplexities(result.stdout),
    vocabulary: written.vocabulary,
    ...toolReport(tool, args, result),
  };
}
