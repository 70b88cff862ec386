import path from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import type { SubprocessResult } from "../../util/subprocess.js";
import { eosOverride } from "../eos-override.js";
import { runTool, type ToolRun } from "../tool-run.js";
import { type DeviceRun, withFewerLayers } from "./with-fewer-layers.js";

/** A call of a tool that computes with a model. */
export interface DeviceCall extends Pick<DeviceRun, "tool" | "context"> {
  /** Returns the arguments with the options of devices, which are empty on the CPU; without those of `eosOverride`. */
  args: (device: readonly string[]) => string[];
  /** Returns the receiver of one run's output. */
  follow?: () => (text: string, stream: "stdout" | "stderr") => void;
}

export interface DeviceResult {
  result: SubprocessResult;
  /** The arguments of the last run. */
  args: string[];
}

/**
 * Runs a tool on the devices of `run.compute`, or on the CPU without it; the caller checks the result. Throws the errors
 * of `withFewerLayers`, `runTool` and `readGguf`.
 */
export async function runOnDevice(
  run: ToolRun & Pick<DeviceRun, "model">,
  { args, follow, ...call }: DeviceCall,
): Promise<DeviceResult> {
  const gguf = await readGguf(path.join(run.cwd, run.model));
  return withFewerLayers({ ...run, ...call, gguf }, async (device) => {
    const all = [...args(device.args), ...eosOverride(gguf)];
    return { args: all, result: await runTool(run, call.tool, all, follow?.(), device.env) };
  });
}
