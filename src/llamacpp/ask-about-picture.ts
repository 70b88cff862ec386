import type { SubprocessResult } from "../util/subprocess.js";
import { runOnDevice } from "./compute/run-on-device.js";
import { parseNumber } from "./parse-number.js";
import { fileArgument, type ToolRun } from "./tool-run.js";
import { visionTool } from "./toolchain/tools.js";

export interface PictureQuestion extends ToolRun {
  model: string;
  /** The mmproj file. */
  projector: string;
  picture: string;
  prompt: string;
  /** Longest answer in tokens. */
  maxTokens: number;
  /** Tokens of context. */
  context: number;
}

export interface PictureAnswer {
  text: string;
  /** Whether the model ended its turn. */
  ended: boolean;
  /** Generated tokens, without the end of turn. */
  tokens: number;
  /** Tokens of the prompt and the picture. */
  promptTokens: number;
  promptSeconds: number;
  seconds: number;
}

/**
 * Shows a picture to a model with its own chat template (`llama-mtmd-cli`), greedily. The answer is undefined if the tool
 * failed; the caller checks the result. Throws `QS-COMPUTE-*`.
 */
export async function askAboutPicture(
  options: PictureQuestion,
): Promise<{ answer: PictureAnswer | undefined; result: SubprocessResult }> {
  const onCpu = options.compute === undefined || options.compute.backend === "cpu";
  const argsFor = (device: readonly string[]) => [
    ...["-m", fileArgument(options.model), "--mmproj", fileArgument(options.projector)],
    ...["--image", fileArgument(options.picture), "-p", options.prompt, "-n", `${options.maxTokens}`],
    ...["-c", `${options.context}`, "--temp", "0", "--seed", "0", "-t", `${options.threads}`],
    // The level of the figures of time and tokens.
    ...["-lv", "4", "--no-warmup", "--no-escape", ...(onCpu ? ["--no-mmproj-offload"] : [])],
    ...device,
  ];
  const { result } = await runOnDevice(options, { tool: visionTool, args: argsFor, context: options.context });
  return { result, answer: result.exitCode === 0 ? parseAnswer(result, options) : undefined };
}

/** The tool prints a line feed, the answer, a line feed if the model ended its turn, and two line feeds. */
function parseAnswer({ stdout, stderr }: SubprocessResult, { maxTokens }: PictureQuestion): PictureAnswer {
  const [, answer = "", end = ""] = /^\n?([\s\S]*?)(\n{0,3})$/.exec(stdout) ?? [];
  const [, promptMs, promptTokens] = /prompt eval time = +([\d.]+) ms \/ +(\d+) tokens/.exec(stderr) ?? [];
  const [, ms, runs] = /\beval time = +([\d.]+) ms \/ +(\d+) runs/.exec(stderr) ?? [];
  const ended = end.length === 3;
  return {
    text: answer,
    ended,
    // The tool does not count the last token of a cut answer.
    tokens: ended ? (parseNumber(runs) ?? 0) : maxTokens,
    promptTokens: parseNumber(promptTokens) ?? 0,
    promptSeconds: (parseNumber(promptMs) ?? 0) / 1000,
    seconds: (parseNumber(ms) ?? 0) / 1000,
  };
}
