import { describeToolchain, type Toolchain } from "../toolchain/toolchain.js";
import { type DeviceBackendKind, findBackendLibraries } from "./backend-libraries.js";
import { type ComputeChoice, chooseCompute } from "./choose-compute.js";
import type { ComputeSettings } from "./compute.js";
import { listExternalBackends } from "./external-backends.js";
import { graphicsHardware } from "./graphics-hardware.js";
import { loadBackend } from "./list-backends.js";

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
  return chooseCompute(settings, {
    hardware: graphicsHardware,
    list: (kind) => (toolchain.source === "pinned" ? pinnedBackends(kind, signal) : external(toolchain, kind, signal)),
  });
}

/** Loads the backends one by one, so that none is loaded after a usable one. */
async function* pinnedBackends(kind: DeviceBackendKind | undefined, signal?: AbortSignal) {
  for (const library of await findBackendLibraries()) {
    if (kind === undefined || library.kind === kind) yield await loadBackend(library, signal);
  }
}

async function* external(toolchain: ComputeToolchain, kind: DeviceBackendKind | undefined, signal?: AbortSignal) {
  const tools = toolchain.tools ?? (await installedTools(signal));
  if (tools === undefined) return;
  for (const backend of await listExternalBackends(tools, signal)) {
    if (kind === undefined || backend.kind === kind) yield backend;
  }
}

async function installedTools(signal?: AbortSignal): Promise<Toolchain["tools"] | undefined> {
  const status = await describeToolchain(signal ? { signal } : {});
  return status.state === "ready" ? status.toolchain.tools : undefined;
}
