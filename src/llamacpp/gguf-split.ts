import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, runTool, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export interface SplitOptions extends ToolRun {
  model: string;
  /** What the parts are called before `-00001-of-00002.gguf`. */
  outPrefix: string;
  /** Largest size of a part; at least a million bytes, and counted in millions. */
  maxFileBytes: number;
}

export interface SplitResult extends ToolReport {
  /** The parts in their order, relative to the working folder. */
  files: string[];
}

/** Splits a GGUF file into parts that llama.cpp loads by the first one's name. Throws `QS-SPLIT-FAILED`, `QS-DISK-FULL`. */
export async function splitGguf(options: SplitOptions): Promise<SplitResult> {
  const size = `${Math.max(1, Math.floor(options.maxFileBytes / 1e6))}M`;
  const args = ["--split", "--split-max-size", size, fileArgument(options.model), fileArgument(options.outPrefix)];
  const result = await runTool(options, "llama-gguf-split", args);
  const files = await listSplits(options);
  const announced = Number(/-of-(\d+)\.gguf$/.exec(files[0] ?? "")?.[1]);
  if (result.exitCode !== 0 || files.length === 0 || files.length !== announced) {
    const remedy = "See the tool's last lines; a full disk is the usual reason.";
    throw toolFailure(result, {
      doing: `splitting ${options.model}`,
      otherwise: { code: "QS-SPLIT-FAILED", remedy },
    });
  }
  return { files, ...toolReport("llama-gguf-split", args, result) };
}

async function listSplits({ cwd, outPrefix }: SplitOptions): Promise<string[]> {
  const folder = dirname(outPrefix);
  const prefix = `${basename(outPrefix)}-`;
  const names = await readdir(join(cwd, folder));
  return names
    .filter((name) => name.startsWith(prefix) && /^\d{5}-of-\d{5}\.gguf$/.test(name.slice(prefix.length)))
    .sort()
    .map((name) => join(folder, name));
}
