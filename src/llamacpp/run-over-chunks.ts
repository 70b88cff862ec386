import { chunksPerBatch } from "./base-logits.js";
import { followChunks } from "./chunk-progress.js";
import { type DeviceCall, type DeviceResult, runOnDevice } from "./compute/run-on-device.js";
import type { ToolRun } from "./tool-run.js";
import type { ToolName } from "./toolchain/tools.js";

/**
 * Runs a tool that evaluates a text in chunks of `chunkTokens` tokens, on the run's devices, and reports the finished
 * chunks. `args`: see `DeviceCall`. Throws the errors of `runOnDevice`.
 */
export function runOverChunks(
  run: ToolRun & { model: string },
  tool: ToolName,
  chunkTokens: number,
  args: DeviceCall["args"],
): Promise<DeviceResult> {
  const context = chunksPerBatch(chunkTokens) * chunkTokens;
  return runOnDevice(run, { tool, args, follow: () => followChunks(run.onProgress), context });
}
