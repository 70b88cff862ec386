import type { DeviceBackendKind } from "./backend-libraries.js";
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
import type { BackendStatus } from "./list-backends.js";

/** A choice of devices, and one sentence about it: what was chosen, and why nothing better. */
export interface ComputeChoice {
  compute: Compute;
  reason: string;
}

/** Sources of a choice, replaced in tests. */
export interface MachineBackends {
  hardware(): Promise<ReadonlySet<DeviceBackendKind>>;
  /** Returns the backends of a kind, or all of them, the preferred first. */
  list(
    kind: DeviceBackendKind | undefined,
  ): AsyncIterable<BackendStatus> | Iterable<BackendStatus> | Promise<Iterable<BackendStatus>>;
}

/** Chooses devices among those of `machine`; errors as of `resolveCompute`. */
export async function chooseCompute(settings: ComputeSettings, machine: MachineBackends): Promise<ComputeChoice> {
  const { device } = settings;
  if (device === "auto") return chooseBest(settings, machine);
  if (device === "cpu") return { compute: cpuCompute, reason: "computes on the CPU" };
  const kind = backendKinds.find((each) => each === device);
  const backends: BackendStatus[] = [];
  for await (const backend of await machine.list(kind === "cpu" ? undefined : kind)) backends.push(backend);
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
    for await (const backend of await machine.list(kind)) {
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
