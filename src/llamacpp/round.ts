import { writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { lineReader } from "../util/line-reader.js";
import { readRegular } from "../util/regular-file.js";
import { computeEnvironment, cpuCompute } from "./compute/compute.js";
import { deviceFailure } from "./compute/device-failures.js";
import { modelLoadPattern, onDeviceRemedy } from "./input-failures.js";
import { followTensors } from "./quantize-run.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, runTool, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

/** Tensor names that llama-round can read from its list. */
export const listableName = /^[\w.-]+$/;

export interface RoundOptions extends ToolRun {
  model: string;
  /** Second moments of `computeMoments`. */
  moments: string;
  /** The type names of each tensor, whose names match `listableName`; several only with `sampleRows`. */
  types: ReadonlyMap<string, readonly string[]>;
  /** Output prefix of the index and the data, resumed by the next run with the same types. */
  out: string;
  /** Rows measured per tensor and expert instead of writing data. */
  sampleRows?: number;
}

const roundedTensor = z.object({
  tensor: z.string(),
  /** The weight that the tensor shares its moments with; null without moments. */
  input: z.string().nullable(),
  /** Share of the mean diagonal added to H; null if H stayed singular. */
  damping: z.number().nullable(),
  /** False: the tensor must be rounded to nearest, and the data does not contain it. */
  feedback: z.boolean(),
  /** tr(W H Wᵀ) of the sampled rows; 0 without a sample. */
  signal: z.number(),
  /** tr(E H Eᵀ) by type: with error feedback, and rounded to nearest. */
  results: z.array(z.object({ type: z.string(), loss: z.number(), nearest: z.number() })),
  /** Start of the tensor in the data file. */
  offset: z.int(),
  bytes: z.int(),
});

export type RoundedTensor = z.output<typeof roundedTensor>;

export interface RoundResult extends ToolReport {
  tensors: RoundedTensor[];
  /** The data file, relative to the working folder. */
  data: string;
}

/**
 * Rounds tensors with error feedback, or measures the loss of types on sampled rows (`llama-round`; format and options:
 * native/round.cpp). The main device of `compute` computes the large products; where its memory is too small, the CPU
 * does, which is noted. On the CPU, results do not depend on the number of threads.
 * Throws QS-QUANTIZE-FAILED, QS-TOOL-ROUNDING, QS-DISK-FULL, QS-ENV-OOM, QS-COMPUTE-*.
 */
export async function roundTensors(options: RoundOptions): Promise<RoundResult> {
  const { out, sampleRows, cwd, types, compute = cpuCompute } = options;
  const device = compute.devices[compute.placement.mainGpu ?? 0];
  const [list, index, data] = [`${out}.types.txt`, `${out}.jsonl`, `${out}.bin`];
  const lines = [...types].map(([name, each]) => `${name} ${each.join(" ")}\n`);
  await writeFile(path.join(cwd, list), lines.join(""));
  const args = [
    ...["--model", fileArgument(options.model), "--moments", fileArgument(options.moments)],
    ...["--types", fileArgument(list), "--index", fileArgument(index)],
    ...(sampleRows === undefined ? ["--data", fileArgument(data)] : ["--sample", `${sampleRows}`]),
    ...["-t", `${options.threads}`],
    ...(device === undefined ? [] : ["--device", device.name]),
  ];
  const follow = { stdout: followTensors(options.onProgress), stderr: followNotes(options.onNote) };
  const env = device === undefined ? {} : computeEnvironment(compute);
  const result = await runTool(options, "llama-round", args, (text, stream) => follow[stream](text), env);
  if (result.exitCode !== 0) {
    const call = { tool: "llama-round", model: options.model };
    const failure = device && deviceFailure(result, call, { ...compute, devices: [device] });
    if (failure) throw failure;
    throw toolFailure(result, {
      doing: `rounding ${options.model} with error feedback`,
      patterns: [modelLoadPattern("QS-QUANTIZE-FAILED")],
      otherwise: {
        code: "QS-QUANTIZE-FAILED",
        remedy: onDeviceRemedy(compute, "Run again with `--fresh`, or set `rounding: nearest`."),
      },
    });
  }
  const text = String(await readRegular(path.join(cwd, index)));
  const tensors = text.split("\n").flatMap((line) => (line === "" ? [] : [roundedTensor.parse(JSON.parse(line))]));
  return { tensors, data, ...toolReport("llama-round", args, result) };
}

/** Returns a receiver of standard error that passes on llama-round's notes. */
function followNotes(onNote: ToolRun["onNote"]): (text: string) => void {
  return lineReader((line) => {
    const note = /^llama-round: note: (.*)/.exec(line)?.[1];
    if (note !== undefined) onNote?.(note);
  });
}
