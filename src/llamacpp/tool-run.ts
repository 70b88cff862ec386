import path from "node:path";
import type { ErrorCode } from "../util/error-codes.js";
import { QuantsmithError } from "../util/errors.js";
import type { ProcessLimits } from "../util/process-watch.js";
import { quote } from "../util/quote.js";
import { runSubprocess, type SubprocessResult } from "../util/subprocess.js";
import type { Compute } from "./compute/compute.js";
import type { Toolchain, ToolName } from "./toolchain/tools.js";

export interface ToolProgress {
  done: number;
  total: number;
  unit: "chunk" | "tensor" | "byte" | "question";
}

/** Common options of llama.cpp tool runs. */
export interface ToolRun {
  toolchain: Toolchain;
  /** Working folder; file arguments are relative to it, so that published files contain no local paths. */
  cwd: string;
  threads: number;
  signal?: AbortSignal;
  /** Limits of the tool's process; none without it. */
  limits?: ProcessLimits;
  onProgress?: (progress: ToolProgress) => void;
  /** The devices of tools that compute with a model; the CPU without it. */
  compute?: Compute;
  /** Receives one line on a change of the computation, such as fewer layers on a device. */
  onNote?: (line: string) => void;
  /** Receives the number of layers that a tool put on the devices, the output layer included. */
  onLayers?: (layers: number) => void;
}

/** Common results of tool runs. */
export interface ToolReport {
  /** Name and arguments of the tool, without local paths. */
  argv: string[];
  seconds: number;
  /** Peak resident memory in bytes; 0 if the system does not report it. */
  peakMemoryBytes: number;
}

/**
 * Runs one tool of the toolchain in `run.cwd`; the caller checks the result. Throws QS-TOOL-ROUNDING, QS-TOOL-PROBES or
 * QS-TOOL-CHAT if the toolchain lacks a program of quantsmith's own.
 */
export async function runTool(
  run: ToolRun,
  tool: ToolName,
  args: readonly string[],
  onText?: (text: string, stream: "stdout" | "stderr") => void,
  env?: Readonly<Record<string, string>>,
): Promise<SubprocessResult> {
  const found = run.toolchain.tools[tool];
  if (found === undefined) throw missingOwnTool(tool);
  return runSubprocess({
    file: found.path,
    args,
    cwd: run.cwd,
    ...(env && { env }),
    ...(run.signal && { signal: run.signal }),
    ...(run.limits && { limits: run.limits }),
    ...(onText && { onText }),
  });
}

/** Returns the common part of a tool's result. */
export function toolReport(name: string, args: readonly string[], result: SubprocessResult): ToolReport {
  return { argv: [name, ...args], seconds: result.seconds, peakMemoryBytes: result.peakMemoryBytes };
}

/**
 * Returns `name` if it is a valid file argument: relative to the working folder and not parsed as an option.
 * Throws `QS-TOOL-ARGUMENT` otherwise, since that is a bug of the caller.
 */
export function fileArgument(name: string): string {
  if (name !== "" && !name.startsWith("-") && !path.isAbsolute(name)) return name;
  throw new QuantsmithError("QS-TOOL-ARGUMENT", `${quote(name)} is not a valid file argument of a native tool`, {
    remedy: "Report this bug: file arguments must be relative and must not start with a dash.",
  });
}

type WithoutTool = readonly [code: ErrorCode, setting: string];
const rounding: WithoutTool = ["QS-TOOL-ROUNDING", "set `quantize: { rounding: nearest }` in the recipe"];
const chat: WithoutTool = ["QS-TOOL-CHAT", "compile it with `native/build.sh` of quantsmith's repository"];
const withoutTool: Partial<Record<ToolName, WithoutTool>> = {
  "llama-probe": ["QS-TOOL-PROBES", "set `probes: none` in the pipeline"],
  "llama-chat": chat,
  "llama-logits": chat,
};

/** The error for a llama.cpp build of others, which lacks quantsmith's own programs. */
export function missingOwnTool(tool: ToolName): QuantsmithError {
  const [code, setting] = withoutTool[tool] ?? rounding;
  return new QuantsmithError(code, `the llama.cpp in use does not contain ${quote(tool)}`, {
    remedy: `Unset \`QUANTSMITH_LLAMA_CPP\` to use the pinned llama.cpp, or ${setting}.`,
  });
}
