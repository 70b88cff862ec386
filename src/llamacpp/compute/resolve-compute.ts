import { describeToolchain, type Toolchain } from "../toolchain/toolchain.js";
import { type DeviceBackendKind, findBackendLibraries } from "./backend-libraries.js";
import { type ComputeChoice, chooseCompute } from "./choose-compute.js";
import type { ComputeSettings } from "./compute.js";
import { listExternalBackends } from "./external-backends.js";
import { graphicsHardware } from "./graphics-hardware.js";
import { type BackendStatus, loadBackend } from "./list-backends.js";

export type { ComputeChoice } from "./choose-compute.js";

/** The tools whose devices are searched; without `tools`, those of `resolveToolchain`. */
export type ComputeToolchain = Pick<Toolchain, "source"> & Partial<Pick<Toolchain, "tools">>;

/**
 * Chooses devices that load on this machine. `auto` starts no process on a machine without a graphics card. Throws
 * QS-COMPUTE-DEVICE for a device that does not exist, and QS-COMPUTE-BACKEND for a backend that is not installed or
 * does not load.
 */
export async function resolveCompute(
  settings: ComputeSettings,
  toolchain: ComputeToolchain,
  signal?: AbortSignal,
): Promise<ComputeChoice> {
  let installed: Promise<BackendStatus[]> | undefined;
  const listInstalled = async (kind: DeviceBackendKind | undefined) => {
    // One process lists the devices of all kinds.
    installed ??= installedBackends(toolchain, signal);
    return (await installed).filter((each) => kind === undefined || each.kind === kind);
  };
  return chooseCompute(settings, {
    hardware: graphicsHardware,
    list: (kind) => (toolchain.source === "pinned" ? pinnedBackends(kind, signal) : listInstalled(kind)),
  });
}

/** Loads the backends one by one, so that none is loaded after a usable one. */
async function* pinnedBackends(kind: DeviceBackendKind | undefined, signal?: AbortSignal) {
  for (const library of await findBackendLibraries()) {
    if (kind === undefined || library.kind === kind) yield await loadBackend(library, signal);
  }
}

async function installedBackends({ tools }: ComputeToolchain, signal?: AbortSignal): Promise<BackendStatus[]> {
  if (tools !== undefined) return listExternalBackends(tools, signal);
  const status = await describeToolchain(signal ? { signal } : {});
  return status.state === "ready" ? listExternalBackends(status.toolchain.tools, signal) : [];
}
