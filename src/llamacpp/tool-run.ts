import path from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { runSubprocess, type SubprocessResult } from "../util/subprocess.js";
import type { Toolchain, ToolName } from "./toolchain/tools.js";

export interface ToolProgress {
  done: number;
  total: number;
  unit: "chunk" | "tensor" | "byte";
}

/** What every run of a llama.cpp tool needs, whatever the tool. */
export interface ToolRun {
  toolchain: Toolchain;
  /** Folder the tool runs in; file arguments are relative to it, so no machine path gets into published files. */
  cwd: string;
  threads: number;
  signal?: AbortSignal;
  onProgress?: (progress: ToolProgress) => void;
}

/** What every result of a tool says about its run. */
export interface ToolReport {
  /** The tool's name and its arguments: no machine path, fit for records. */
  argv: string[];
  seconds: number;
  /** Peak resident memory in bytes; 0 where the system does not tell. */
  peakMemoryBytes: number;
}

/** Runs one tool of the toolchain in `run.cwd`; the caller judges the result. */
export function runTool(
  run: ToolRun,
  tool: ToolName,
  args: readonly string[],
  onText?: (text: string, stream: "stdout" | "stderr") => void,
): Promise<SubprocessResult> {
  return runSubprocess({
    file: run.toolchain.tools[tool].path,
    args,
    cwd: run.cwd,
    ...(run.signal && { signal: run.signal }),
    ...(onText && { onText }),
  });
}

/** The part of a result that every tool shares. */
export function toolReport(name: string, args: readonly string[], result: SubprocessResult): ToolReport {
  return { argv: [name, ...args], seconds: result.seconds, peakMemoryBytes: result.peakMemoryBytes };
}

/**
 * Returns `name` if a tool may be given it as a file: relative to the working folder and not readable as an option.
 * Throws `QS-TOOL-ARGUMENT` otherwise; that is a bug of the caller, not of the user.
 */
export function fileArgument(name: string): string {
  if (name !== "" && !name.startsWith("-") && !path.isAbsolute(name)) return name;
  throw new QuantsmithError("QS-TOOL-ARGUMENT", `"${name}" cannot be given to a native tool as a file name`, {
    remedy: "File names are relative to the working folder and do not begin with a dash. Please report this.",
  });
}
