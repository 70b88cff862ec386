import { toolFailure } from "../../src/llamacpp/tool-failure.js";
import { fileArgument, runTool, type ToolRun } from "../../src/llamacpp/tool-run.js";

export interface FitOptions extends ToolRun {
  model: string;
  kvType: "f16" | "q8_0";
}

/** Host memory as reported by llama.cpp, in MiB rounded down. */
export interface FitBreakdown {
  weightsMiB: number;
  kvMiB: number;
  computeMiB: number;
}

/**
 * Returns the memory that `llama-fit-params` estimates for a model at a context.
 * @throws {QuantsmithError} `QS-MEMORY-MODEL`
 */
export async function fitBreakdown(options: FitOptions & { context: number }): Promise<FitBreakdown> {
  const text = await runFit(options, ["-fitp", "on", "-c", `${options.context}`]);
  const [, weights, kv, compute] = /^Host (\d+) (\d+) (\d+)/m.exec(text) ?? [];
  return { weightsMiB: Number(weights), kvMiB: Number(kv), computeMiB: Number(compute) };
}

/**
 * Returns the context that `llama-fit-params` chooses so that `marginMiB` of the computer's memory stay free; at least
 * `minimumContext`.
 * @throws {QuantsmithError} `QS-MEMORY-MODEL`, also if no context fits
 */
export async function fitContext(options: FitOptions & { marginMiB: number; minimumContext: number }): Promise<number> {
  const limits = ["-fitt", `${options.marginMiB}`, "-fitc", `${options.minimumContext}`];
  return Number(/^-c (\d+)/m.exec(await runFit(options, limits))?.[1]);
}

async function runFit(options: FitOptions, more: readonly string[]): Promise<string> {
  // Repacking is off: llama-fit-params does not count the buffers of weights repacked for the CPU.
  const cache = ["-nr", "-ctk", options.kvType, "-ctv", options.kvType, "-fa", "on"];
  const args = ["-m", fileArgument(options.model), ...cache, ...more];
  const result = await runTool(options, "llama-fit-params", args);
  if (result.exitCode === 0) return result.stdout;
  throw toolFailure(result, {
    doing: `fitting ${options.model}`,
    otherwise: { code: "QS-MEMORY-MODEL", remedy: "See the tool's last lines; `quantsmith doctor` checks the tools." },
  });
}
