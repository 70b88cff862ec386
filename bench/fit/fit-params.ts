import { toolFailure } from "../../src/llamacpp/tool-failure.js";
import { fileArgument, runTool, type ToolRun } from "../../src/llamacpp/tool-run.js";

export interface FitOptions extends ToolRun {
  model: string;
  kvType: "f16" | "q8_0";
}

/** llama.cpp's own account of the computer's memory, whole MiB rounded down. */
export interface FitBreakdown {
  weightsMiB: number;
  kvMiB: number;
  computeMiB: number;
}

/** What `llama-fit-params` says a model takes at a context, without loading it. Throws `QS-MEMORY-MODEL`. */
export async function fitBreakdown(options: FitOptions & { context: number }): Promise<FitBreakdown> {
  const text = await runFit(options, ["-fitp", "on", "-c", `${options.context}`]);
  const [, weights, kv, compute] = /^Host (\d+) (\d+) (\d+)/m.exec(text) ?? [];
  return { weightsMiB: Number(weights), kvMiB: Number(kv), computeMiB: Number(compute) };
}

/**
 * The context that `llama-fit-params` chooses so that `marginMiB` of the computer's memory stay free; at least
 * `minimumContext`. Throws `QS-MEMORY-MODEL`, also when nothing fits.
 */
export async function fitContext(options: FitOptions & { marginMiB: number; minimumContext: number }): Promise<number> {
  const limits = ["-fitt", `${options.marginMiB}`, "-fitc", `${options.minimumContext}`];
  return Number(/^-c (\d+)/m.exec(await runFit(options, limits))?.[1]);
}

async function runFit(options: FitOptions, more: readonly string[]): Promise<string> {
  // Without repacking, which it forgets to count on a processor: a repacked weight lies in no buffer that it knows.
  const cache = ["-nr", "-ctk", options.kvType, "-ctv", options.kvType, "-fa", "on"];
  const args = ["-m", fileArgument(options.model), ...cache, ...more];
  const result = await runTool(options, "llama-fit-params", args);
  if (result.exitCode === 0) return result.stdout;
  throw toolFailure(result, {
    doing: `fitting ${options.model}`,
    otherwise: { code: "QS-MEMORY-MODEL", remedy: "See the tool's last lines; `quantsmith doctor` checks the tools." },
  });
}
