import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import type { SubprocessResult } from "../../util/subprocess.js";
import { runTool, type ToolRun } from "../tool-run.js";
import type { ToolName } from "../toolchain/tools.js";
import { type Compute, computeArguments, computeEnvironment } from "./compute.js";
import { deviceFailure, deviceNames } from "./device-failures.js";

/** A run of a tool that loads a model. */
export interface DeviceRun extends ToolRun {
  tool: ToolName;
  /** The GGUF file that the tool loads, relative to `cwd`. */
  model: string;
  /** The model's header. */
  gguf: Gguf;
  /** Tokens of context that llama.cpp reserves memory for. */
  context: number;
}

/** Options and environment with which a tool uses the devices. */
export interface DeviceOptions {
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/**
 * Calls `attempt` with the options for the devices of `run.compute`, or for the CPU; it returns the `result` of the tool
 * if that has ended. With `gpuLayers: auto`, llama.cpp fits the layers into the devices' free memory. If that memory runs
 * out, calls it once more with fewer layers and notes it. Throws QS-COMPUTE-MEMORY, QS-COMPUTE-DEVICE, QS-COMPUTE-LOST.
 */
export async function withFewerLayers<T extends { result?: SubprocessResult }>(
  run: DeviceRun,
  attempt: (device: DeviceOptions) => Promise<T>,
): Promise<T> {
  const { compute } = run;
  if (compute === undefined || compute.backend === "cpu") return attempt({ args: cpuArguments(run), env: {} });
  const wanted = withinModel(run, compute);
  const first = await attempt(optionsOf(wanted));
  const full = memoryFailure(run, wanted, first);
  if (full === undefined) return counted(run, first);
  const layers = await layersOnDevice(run, wanted);
  const fewer = Math.floor((layers * 2) / 3);
  if (fewer < 1) throw full;
  run.onNote?.(
    `${deviceNames(wanted)} ran out of memory with ${layers} layers of ${run.model}: computing again with ${fewer}`,
  );
  const second = await attempt(optionsOf(withLayers(wanted, fewer)));
  const stillFull = memoryFailure(run, wanted, second);
  if (stillFull !== undefined) throw stillFull;
  return counted(run, second);
}

function counted<T extends { result?: SubprocessResult }>(run: ToolRun, done: T): T {
  if (done.result !== undefined) countLayers(run, done.result);
  return done;
}

/** Reports the layers on the devices that a tool printed. */
export function countLayers({ onLayers }: Pick<ToolRun, "onLayers">, { stderr }: SubprocessResult): void {
  const layers = /\boffloaded (\d+)\/\d+ layers to GPU/.exec(stderr)?.[1];
  if (layers !== undefined) onLayers?.(Number(layers));
}

/** Returns the error for insufficient memory of the device; throws for its other failures. */
function memoryFailure(run: DeviceRun, compute: Compute, { result }: { result?: SubprocessResult }) {
  const failure = result && deviceFailure(result, run, compute);
  if (failure !== undefined && failure.code !== "QS-COMPUTE-MEMORY") throw failure;
  return failure;
}

function optionsOf(compute: Compute): DeviceOptions {
  return { args: computeArguments(compute), env: computeEnvironment(compute) };
}

/** Returns the options that keep a tool on the CPU: tools use the devices of the backends that they contain by default. */
function cpuArguments({ compute, toolchain }: ToolRun): string[] {
  const hasDevices = process.platform === "darwin" || toolchain.source !== "pinned";
  return compute !== undefined && hasDevices ? ["--device", "none"] : [];
}

/** Limits `gpuLayers` to the model's layers, the output layer included. */
function withinModel(run: DeviceRun, compute: Compute): Compute {
  const { gpuLayers } = compute.placement;
  const layers = modelLayers(run.gguf);
  if (gpuLayers === "auto" || layers === undefined || gpuLayers <= layers) return compute;
  run.onNote?.(`gpuLayers is ${gpuLayers}, but ${run.model} has ${layers} layers: all are on ${deviceNames(compute)}`);
  return withLayers(compute, layers);
}

function withLayers(compute: Compute, gpuLayers: number): Compute {
  return { ...compute, placement: { ...compute.placement, gpuLayers } };
}

/** Returns the number of layers that llama.cpp put on the devices: as set, or as its fit computes it again. */
async function layersOnDevice(run: DeviceRun, compute: Compute): Promise<number> {
  const { gpuLayers } = compute.placement;
  if (gpuLayers !== "auto") return gpuLayers;
  const { args: device, env } = optionsOf(compute);
  const args = ["-m", run.model, "-c", `${run.context}`, ...device];
  const { stdout } = await runTool(run, "llama-fit-params", args, undefined, env);
  const fitted = Number(/ -ngl (-?\d+)/.exec(stdout)?.[1] ?? -1);
  // -1: all layers.
  return fitted < 0 ? (modelLayers(run.gguf) ?? 0) : fitted;
}

/** Returns the number of layers with the output layer, as llama.cpp counts; undefined for a file without it. */
function modelLayers(gguf: Gguf): number | undefined {
  const blocks = metadataNumber(gguf, `${metadataString(gguf, "general.architecture")}.block_count`);
  return blocks === undefined ? undefined : blocks + 1;
}
