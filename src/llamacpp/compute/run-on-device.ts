import path from "node:path";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { readGguf } from "../../gguf/read-header.js";
import { QuantsmithError } from "../../util/errors.js";
import type { SubprocessResult } from "../../util/subprocess.js";
import { eosOverride } from "../eos-override.js";
import { runTool, type ToolRun } from "../tool-run.js";
import type { ToolName } from "../toolchain/tools.js";
import { type Compute, computeArguments, computeEnvironment } from "./compute.js";
import { deviceError, deviceFailure, deviceMemoryError, deviceNames } from "./device-failures.js";

export interface DeviceRun extends ToolRun {
  /** The GGUF file that the tool loads, relative to `cwd`. */
  model: string;
}

/** A call of a tool that computes with a model. */
export interface DeviceCall {
  tool: ToolName;
  /** Returns the arguments with the options of devices, which are empty on the CPU; without those of `eosOverride`. */
  args: (device: readonly string[]) => string[];
  /** Returns the receiver of one run's output. */
  follow?: () => (text: string, stream: "stdout" | "stderr") => void;
  /** Tokens of context that llama.cpp reserves memory for. */
  context: number;
}

export interface DeviceResult {
  result: SubprocessResult;
  /** The arguments of the last run. */
  args: string[];
}

/**
 * Runs a tool on the devices of `run.compute`, or on the CPU without it; the caller checks the result. With `gpuLayers:
 * auto`, llama.cpp fits the layers into the devices' free memory. If that memory runs out, runs once more with fewer
 * layers and notes it. Throws QS-COMPUTE-MEMORY, QS-COMPUTE-DEVICE, QS-COMPUTE-LOST and the errors of `runTool` and
 * `eosOverride`.
 */
export async function runOnDevice(run: DeviceRun, { args, ...rest }: DeviceCall): Promise<DeviceResult> {
  const { compute } = run;
  const override = await eosOverride(run);
  const call = { ...rest, args: (device: readonly string[]) => [...args(device), ...override] };
  if (compute === undefined || compute.backend === "cpu") return runOnce(run, call, cpuArguments(run), {});
  const wanted = await withinModel(run, compute);
  const first = await runWith(run, call, wanted);
  if (first.failure === undefined) return first;
  const layers = await layersOnDevice(run, call, wanted);
  const fewer = Math.floor((layers * 2) / 3);
  if (fewer < 1) throw deviceMemoryError(run.model, wanted, first.result);
  run.onNote?.(
    `${deviceNames(wanted)} ran out of memory with ${layers} layers of ${run.model}: computing again with ${fewer}`,
  );
  const second = await runWith(run, call, withLayers(wanted, fewer));
  if (second.failure !== undefined) throw deviceMemoryError(run.model, wanted, second.result);
  return second;
}

/** Returns "memory" for insufficient memory of the device; throws for its other failures. */
async function runWith(
  run: DeviceRun,
  call: DeviceCall,
  compute: Compute,
): Promise<DeviceResult & { failure?: "memory" }> {
  const done = await runOnce(run, call, computeArguments(compute), computeEnvironment(compute));
  const failure = deviceFailure(done.result);
  if (failure === undefined) return done;
  if (failure !== "memory") throw deviceError(failure, call.tool, compute, done.result);
  return { ...done, failure };
}

async function runOnce(
  run: DeviceRun,
  { tool, args, follow }: DeviceCall,
  device: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<DeviceResult> {
  const all = args(device);
  return { args: all, result: await runTool(run, tool, all, follow?.(), env) };
}

/** Returns the options that keep a tool on the CPU: tools use the devices of the backends that they contain by default. */
export function cpuArguments({ compute, toolchain }: Pick<ToolRun, "compute" | "toolchain">): string[] {
  const hasDevices = process.platform === "darwin" || toolchain.source !== "pinned";
  return compute !== undefined && hasDevices ? ["--device", "none"] : [];
}

/** Limits `gpuLayers` to the model's layers, the output layer included. */
async function withinModel(run: DeviceRun, compute: Compute): Promise<Compute> {
  const { gpuLayers } = compute.placement;
  if (gpuLayers === "auto") return compute;
  const layers = await modelLayers(run);
  if (layers === undefined || gpuLayers <= layers) return compute;
  run.onNote?.(`gpuLayers is ${gpuLayers}, but ${run.model} has ${layers} layers: all are on ${deviceNames(compute)}`);
  return withLayers(compute, layers);
}

function withLayers(compute: Compute, gpuLayers: number): Compute {
  return { ...compute, placement: { ...compute.placement, gpuLayers } };
}

/** Returns the number of layers that llama.cpp put on the devices: as set, or as its fit computes it again. */
async function layersOnDevice(run: DeviceRun, { context }: DeviceCall, compute: Compute): Promise<number> {
  const { gpuLayers } = compute.placement;
  if (gpuLayers !== "auto") return gpuLayers;
  const args = ["-m", run.model, "-c", `${context}`, ...computeArguments(compute)];
  const { stdout } = await runTool(run, "llama-fit-params", args, undefined, computeEnvironment(compute));
  const fitted = Number(/ -ngl (-?\d+)/.exec(stdout)?.[1] ?? -1);
  // -1: all layers.
  return fitted < 0 ? ((await modelLayers(run)) ?? 0) : fitted;
}

/** Returns the number of layers with the output layer, as llama.cpp counts; undefined if the file is invalid. */
async function modelLayers({ cwd, model }: DeviceRun): Promise<number | undefined> {
  try {
    const gguf = await readGguf(path.join(cwd, model));
    const blocks = metadataNumber(gguf, `${metadataString(gguf, "general.architecture")}.block_count`);
    return blocks === undefined ? undefined : blocks + 1;
  } catch (error) {
    // The tool reports the file's error.
    if (error instanceof QuantsmithError) return undefined;
    throw error;
  }
}
