import { describeToolchain, type Toolchain } from "../toolchain/toolchain.js";
import { type DeviceBackendKind, findBackendLibraries } from "./backend-libraries.js";
import {
  autoKinds,
  chooseKind,
  chooseNamed,
  computeOn,
  describeCompute,
  hasCard,
  kindLabels,
  usableDevices,
  whyNot,
} from "./choose-devices.js";
import { backendKinds, type Compute, type ComputeSettings, cpuCompute } from "./compute.js";
import { listExternalBackends } from "./external-backends.js";
import { graphicsHardware } from "./graphics-hardware.js";
import { type BackendStatus, loadBackend } from "./list-backends.js";

/** A choice of devices, and one sentence about it: what was chosen, and why nothing better. */
export interface ComputeChoice {
  compute: Compute;
  reason: string;
}

/** The tools whose devices are searched; without `tools`, those of `resolveToolchain`. */
export type ComputeToolchain = Pick<Toolchain, "source"> & Partial<Pick<Toolchain, "tools">>;

/** Sources of a choice, replaced in tests. */
export interface MachineBackends {
  hardware(): Promise<ReadonlySet<DeviceBackendKind>>;
  /** Returns the backends of a kind, or all of them, the preferred first. */
  list(kind: DeviceBackendKind | undefined): AsyncIterable<BackendStatus> | Iterable<BackendStatus>;
}

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

/** Chooses devices among those of `machine`; errors as of `resolveCompute`. */
export async function chooseCompute(settings: ComputeSettings, machine: MachineBackends): Promise<ComputeChoice> {
  const { device } = settings;
  if (device === "auto") return chooseBest(settings, machine);
  if (device === "cpu") return { compute: cpuCompute, reason: "computes on the CPU" };
  const kind = backendKinds.find((each) => each === device);
  const backends: BackendStatus[] = [];
  for await (const backend of machine.list(kind === "cpu" ? undefined : kind)) backends.push(backend);
  const choice = kind === undefined ? chooseNamed(device, backends) : chooseKind(kind, backends);
  const compute = computeOn(choice, settings);
  return { compute, reason: describeCompute(compute) };
}

async function chooseBest(settings: ComputeSettings, machine: MachineBackends): Promise<ComputeChoice> {
  const hardware = await machine.hardware();
  if (hardware.size === 0)
    return { compute: cpuCompute, reason: "computes on the CPU: this machine has no graphics card" };
  const unused: string[] = [];
  for (const kind of autoKinds.filter((each) => hardware.has(each))) {
    const builds: BackendStatus[] = [];
    for await (const backend of machine.list(kind)) {
      if (hasCard(backend)) {
        const compute = computeOn({ backend, devices: usableDevices(backend) }, settings);
        return { compute, reason: [describeCompute(compute), ...unused].join("; ") };
      }
      builds.push(backend);
    }
    unused.push(`${kindLabels[kind]} is not used: ${whyNot(builds)}`);
  }
  return { compute: cpuCompute, reason: ["computes on the CPU", ...unused].join("; ") };
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
