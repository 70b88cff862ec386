import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, runTool, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export interface SplitOptions extends ToolRun {
  model: string;
  /** Path of the splits without `-00001-of-00002.gguf`. */
  outPrefix: string;
  /** Largest size of a split, rounded down to whole MB; at least 1 MB. */
  maxFileBytes: number;
}

export interface SplitResult extends ToolReport {
  /** Paths of the splits in order, relative to the working folder. */
  files: string[];
}

/** Splits a GGUF file; llama.cpp loads the splits by the first one's name. Throws `QS-SPLIT-FAILED`, `QS-DISK-FULL`. */
export async function splitGguf(options: SplitOptions): Promise<SplitResult> {
  const size = `${Math.max(1, Math.floor(options.maxFileBytes / 1e6))}M`;
  const args = ["--split", "--split-max-size", size, fileArgument(options.model), fileArgument(options.outPrefix)];
  const result = await runTool(options, "llama-gguf-split", args);
  const files = await listSplits(options);
  const announced = Number(/-of-(\d+)\.gguf$/.exec(files[0] ?? "")?.[1]);
  if (result.exitCode !== 0 || files.length === 0 || files.length !== announced) {
    const remedy = "Check the last lines of the tool's output and the free disk space.";
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
