import { QuantsmithError } from "../../util/errors.js";
import type { SubprocessResult } from "../../util/subprocess.js";
import type { Compute } from "./compute.js";

/** Messages of ggml's backends; `CUDA0 buffer` is memory of a device, `CUDA_Host buffer` of the host. */
const memory =
  /ErrorOutOfDeviceMemory|CUDA error: out of memory|cudaMalloc failed: out of memory|CUBLAS_STATUS_ALLOC_FAILED|failed to allocate Metal buffer|ErrorOutOfMemory|(?:unable|failed) to allocate (?:CUDA|Vulkan|MTL|Metal)\d+(?:_Split)? buffer/;
const missing = /invalid device: (\S+)|no devices? .*\bfound with name (\S+)/;
const lost =
  /[^\n]*(?:ErrorDeviceLost|device lost on|CUDA error: |unspecified launch failure|illegal memory access|no kernel image is available|kIOGPUCommandBufferCallbackError)[^\n]*/;
const crashes: readonly (string | undefined)[] = ["SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL"];
const hostMemory = /std::bad_alloc|Cannot allocate memory/;
/** llama-perplexity exits with code 0 if a batch fails. */
const failedBatch = /failed to decode|failed to eval/;

export type DeviceFailure = "memory" | "missing" | "lost";

/** Returns how the device failed in a tool's run; undefined if the tool succeeded or failed for another reason. */
export function deviceFailure(result: SubprocessResult): DeviceFailure | undefined {
  const text = `${result.stdout}\n${result.stderr}`;
  if (result.exitCode === 0 && !failedBatch.test(text)) return undefined;
  if (missing.test(text)) return "missing";
  if (memory.test(text)) return "memory";
  if (lost.test(text)) return "lost";
  return crashes.includes(result.signal) && !hostMemory.test(text) ? "lost" : undefined;
}

export const deviceNames = ({ devices }: Compute) => devices.map(({ name }) => name).join(",");

/** Returns QS-COMPUTE-DEVICE or QS-COMPUTE-LOST for a device that is missing or failed in the run of `tool`. */
export function deviceError(
  failure: Exclude<DeviceFailure, "memory">,
  tool: string,
  compute: Compute,
  result: SubprocessResult,
): QuantsmithError {
  const output = result.tail;
  const names = deviceNames(compute);
  if (failure === "missing") {
    return new QuantsmithError("QS-COMPUTE-DEVICE", `${tool} no longer finds the device ${names}`, {
      remedy: "Run `quantsmith doctor` to check the driver, or run with `--device cpu`.",
      output,
    });
  }
  const line = lost.exec(`${result.stdout}\n${result.stderr}`)?.[0].trim().slice(0, 200);
  const how = line === undefined ? `crashed (${result.signal}) while it computed` : "failed";
  return new QuantsmithError("QS-COMPUTE-LOST", `${tool} ${how} on ${names}${line === undefined ? "" : `: ${line}`}`, {
    remedy: "Run again; if the error persists, update the card's driver or run with `--device cpu`.",
    output,
  });
}

/** Returns QS-COMPUTE-MEMORY for a device whose memory is too small. */
export function deviceMemoryError(model: string, compute: Compute, result: SubprocessResult): QuantsmithError {
  return new QuantsmithError("QS-COMPUTE-MEMORY", `the memory of ${deviceNames(compute)} is too small for ${model}`, {
    remedy: "Close other programs on the device, set a smaller `gpuLayers` or `context`, or run with `--device cpu`.",
    output: result.tail,
  });
}
