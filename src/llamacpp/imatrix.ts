import path from "node:path";
import { checkWrittenGguf } from "./check-written-gguf.js";
import { followChunks } from "./chunk-progress.js";
import { modelLoadPattern, textShortPattern } from "./input-failures.js";
import { parseChunkCount, parseFinalPerplexity } from "./parse-number.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, runTool, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export interface ImatrixOptions extends ToolRun {
  model: string;
  /** The calibration text; its name is written into the imatrix and every file made with it. */
  text: string;
  /** Ends in `.gguf`. */
  out: string;
  /** At most this many chunks; a shorter text gives fewer. */
  chunks: number;
  /** Tokens per chunk. */
  context: number;
  /** Read `<|im_start|>` and its like in the text as the control tokens they name, not as letters (default false). */
  parseSpecial?: boolean;
}

export interface ImatrixResult extends ToolReport {
  /** Chunks really computed. */
  chunks: number;
  perplexity: number;
}

/**
 * Measures which weights the calibration text uses (`llama-imatrix`), on the CPU so that machines agree.
 * Throws `QS-CALIBRATE-TEXT-SHORT`, `QS-CALIBRATE-NAN`, `QS-CALIBRATE-FAILED`, `QS-DISK-FULL`, `QS-ENV-OOM`.
 */
export async function computeImatrix(options: ImatrixOptions): Promise<ImatrixResult> {
  const args = [
    ...["-m", fileArgument(options.model), "-f", fileArgument(options.text), "-o", fileArgument(options.out)],
    ...["-c", `${options.context}`, "--chunks", `${options.chunks}`, "-t", `${options.threads}`, "-ngl", "0"],
    ...(options.parseSpecial ? ["--parse-special"] : []),
  ];
  const result = await runTool(options, "llama-imatrix", args, followChunks(options.onProgress));
  const text = `${result.stdout}\n${result.stderr}`;
  const doing = `computing the imatrix of ${options.model} on ${options.text}`;
  const chunks = parseChunkCount(text);
  const perplexity = parseFinalPerplexity(text)?.perplexity;
  if (result.exitCode !== 0 || chunks === undefined || perplexity === undefined || !Number.isFinite(perplexity)) {
    throw toolFailure(result, {
      doing,
      patterns: [
        textShortPattern("QS-CALIBRATE-TEXT-SHORT", options.text),
        {
          pattern: /non-finite values detected in (\S+)|PPL = [+-]?(?:nan|inf)/i,
          code: "QS-CALIBRATE-NAN",
          message: ([, tensor]) => `The model computes values that are not numbers${tensor ? ` at ${tensor}` : ""}`,
          remedy: "Convert with `outtype: bf16`; if it stays so, the checkpoint itself is damaged.",
        },
        modelLoadPattern("QS-CALIBRATE-FAILED"),
      ],
      otherwise: {
        code: "QS-CALIBRATE-FAILED",
        remedy: "See the tool's last lines; `quantsmith doctor` checks the tools.",
      },
    });
  }
  await checkWrittenGguf(path.join(options.cwd, options.out), doing, result);
  return { chunks, perplexity, ...toolReport("llama-imatrix", args, result) };
}
