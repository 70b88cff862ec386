import path from "node:path";
import { checkWrittenGguf } from "./check-written-gguf.js";
import { calibrationPatterns, type ImatrixOptions } from "./imatrix.js";
import { parseChunkCount } from "./parse-number.js";
import { runOverChunks } from "./run-over-chunks.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, type ToolReport, toolReport } from "./tool-run.js";

export interface MomentsOptions extends ImatrixOptions {
  /** Output path of the second moments; ends in `.gguf`. */
  moments: string;
  /** Layers of this run, the end excluded. */
  layers: readonly [first: number, end: number];
  /** Whether the moments of the output matrix are included. */
  output: boolean;
  /** One second moment for all experts of a weight. */
  sharedExperts: boolean;
  /** File of an interrupted run, which the next run resumes from; removed at the end. */
  state: string;
}

export interface MomentsResult extends ToolReport {
  /** Number of computed chunks. */
  chunks: number;
}

/**
 * Computes the imatrix, byte-identical to `llama-imatrix`, and the second moments of the inputs of all weights in the
 * same pass (`llama-moments`). Format: native/moments.cpp. Throws QS-CALIBRATE-*, QS-TOOL-ROUNDING,
 * QS-DISK-FULL, QS-ENV-OOM, QS-COMPUTE-*.
 */
export async function computeMoments(options: MomentsOptions): Promise<MomentsResult> {
  const [first, end] = options.layers;
  const argsFor = (device: readonly string[]) => [
    ...["-m", fileArgument(options.model), "-f", fileArgument(options.text), "-o", fileArgument(options.out)],
    ...["--moments", fileArgument(options.moments), "--layers", `${first}:${end}`],
    ...(options.output ? [] : ["--no-output"]),
    ...(options.sharedExperts ? ["--shared-experts"] : []),
    ...["--state", fileArgument(options.state)],
    ...["-c", `${options.context}`, "--chunks", `${options.chunks}`, "-t", `${options.threads}`],
    ...(device.length === 0 ? ["-ngl", "0"] : device),
    ...(options.parseSpecial ? ["--parse-special"] : []),
  ];
  const { result, args } = await runOverChunks(options, "llama-moments", options.context, argsFor);
  const doing = `computing the second moments of ${options.model} on ${options.text}`;
  const chunks = parseChunkCount(`${result.stdout}\n${result.stderr}`);
  if (result.exitCode !== 0 || chunks === undefined) {
    throw toolFailure(result, { doing, ...calibrationPatterns(options.text, options.compute) });
  }
  for (const file of [options.out, options.moments]) {
    await checkWrittenGguf(path.join(options.cwd, file), doing, result);
  }
  return { chunks, ...toolReport("llama-moments", args, result) };
}
