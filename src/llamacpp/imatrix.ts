import path from "node:path";
import { quote } from "../util/quote.js";
import { checkWrittenGguf } from "./check-written-gguf.js";
import type { Compute } from "./compute/compute.js";
import { modelLoadPattern, nonFiniteRemedy, textShortPattern } from "./input-failures.js";
import { parseChunkCount, parseFinalPerplexity } from "./parse-number.js";
import { runOverChunks } from "./run-over-chunks.js";
import { type FailureContext, toolFailure } from "./tool-failure.js";
import { fileArgument, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export interface ImatrixOptions extends ToolRun {
  model: string;
  /** The calibration text; its name is stored in the imatrix and in GGUF files quantized with it. */
  text: string;
  /** Ends in `.gguf`. */
  out: string;
  /** Limit of chunks; a shorter text has fewer. */
  chunks: number;
  /** Tokens per chunk. */
  context: number;
  /** Tokenize control tokens such as `<|im_start|>` in the text as such, not as plain text (default false). */
  parseSpecial?: boolean;
}

export interface ImatrixResult extends ToolReport {
  /** Number of computed chunks. */
  chunks: number;
  perplexity: number;
}

/**
 * Computes an imatrix from the calibration text (`llama-imatrix`). Results of different backends differ slightly.
 * Throws `QS-CALIBRATE-TEXT-SHORT`, `QS-CALIBRATE-NAN`, `QS-CALIBRATE-FAILED`, `QS-DISK-FULL`, `QS-ENV-OOM`,
 * `QS-COMPUTE-*`.
 */
export async function computeImatrix(options: ImatrixOptions): Promise<ImatrixResult> {
  const argsFor = (device: readonly string[]) => [
    ...["-m", fileArgument(options.model), "-f", fileArgument(options.text), "-o", fileArgument(options.out)],
    ...["-c", `${options.context}`, "--chunks", `${options.chunks}`, "-t", `${options.threads}`],
    ...(device.length === 0 ? ["-ngl", "0"] : device),
    ...(options.parseSpecial ? ["--parse-special"] : []),
  ];
  const { result, args } = await runOverChunks(options, "llama-imatrix", options.context, argsFor);
  const text = `${result.stdout}\n${result.stderr}`;
  const doing = `computing the imatrix of ${options.model} on ${options.text}`;
  const chunks = parseChunkCount(text);
  const perplexity = parseFinalPerplexity(text)?.perplexity;
  if (result.exitCode !== 0 || chunks === undefined || perplexity === undefined || !Number.isFinite(perplexity)) {
    throw toolFailure(result, { doing, ...calibrationPatterns(options.text, options.compute) });
  }
  await checkWrittenGguf(path.join(options.cwd, options.out), doing, result);
  return { chunks, perplexity, ...toolReport("llama-imatrix", args, result) };
}

/** The failures of llama-imatrix and llama-moments on a calibration text. */
export function calibrationPatterns(text: string, compute?: Compute): Pick<FailureContext, "patterns" | "otherwise"> {
  return {
    patterns: [
      textShortPattern("QS-CALIBRATE-TEXT-SHORT", text),
      {
        pattern: /non-finite values detected in (\S+)|PPL = [+-]?(?:nan|inf)/i,
        code: "QS-CALIBRATE-NAN",
        message: ([, tensor]) => `the model computes NaN or infinite values${tensor ? ` at ${quote(tensor)}` : ""}`,
        remedy: nonFiniteRemedy(compute),
      },
      modelLoadPattern("QS-CALIBRATE-FAILED"),
    ],
    otherwise: {
      code: "QS-CALIBRATE-FAILED",
      remedy: "Check the last lines of the tool's output, or run `quantsmith doctor`.",
    },
  };
}
