import type { ErrorCode } from "../../util/error-codes.js";
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

/**
 * Returns QS-COMPUTE-MEMORY, QS-COMPUTE-DEVICE or QS-COMPUTE-LOST if a device failed when a tool ran a model; undefined if
 * the tool succeeded or failed for another reason.
 */
export function deviceFailure(
  result: SubprocessResult,
  { tool, model }: { tool: string; model: string },
  compute: Compute,
): QuantsmithError | undefined {
  const text = `${result.stdout}\n${result.stderr}`;
  if (result.exitCode === 0 && !failedBatch.test(text)) return undefined;
  const names = deviceNames(compute);
  const fail = (code: ErrorCode, message: string, remedy: string) =>
    new QuantsmithError(code, message, { remedy, output: result.tail });
  if (missing.test(text)) {
    return fail(
      "QS-COMPUTE-DEVICE",
      `${tool} no longer finds the device ${names}`,
      "Run `quantsmith doctor` to check the driver, or run with `--device cpu`.",
    );
  }
  if (memory.test(text)) {
    return fail(
      "QS-COMPUTE-MEMORY",
      `the memory of ${names} is too small for ${model}`,
      "Close other programs on the device, set a smaller `gpuLayers` or `context`, or run with `--device cpu`.",
    );
  }
  const line = lost.exec(text)?.[0].trim().slice(0, 200);
  if (line === undefined && !(crashes.includes(result.signal) && !hostMemory.test(text))) return undefined;
  const how = line === undefined ? `crashed (${result.signal}) while it computed` : "failed";
  return fail(
    "QS-COMPUTE-LOST",
    `${tool} ${how} on ${names}${line === undefined ? "" : `: ${line}`}`,
    "Run again; if the error persists, update the card's driver or run with `--device cpu`.",
  );
}

export const deviceNames = ({ devices }: Compute) => devices.map(({ name }) => name).join(",");
