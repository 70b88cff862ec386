import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { type BackendKind, backendKinds, type Compute, type ComputeSettings } from "./compute.js";
import { describeMissing } from "./library-packages.js";
import type { BackendStatus, ListedDevice } from "./list-backends.js";

export const kindLabels: Readonly<Record<BackendKind, string>> = {
  cuda: "CUDA",
  metal: "Metal",
  vulkan: "Vulkan",
  cpu: "the CPU",
};

/** The order in which `auto` tries backends. */
export const autoKinds = backendKinds.filter((kind) => kind !== "cpu");

/** Returns the devices of a backend on which to compute: cards, else integrated ones, else those on the CPU. */
export function usableDevices({ devices }: BackendStatus): readonly ListedDevice[] {
  const classes = [
    devices.filter(({ isIntegrated, isSoftware }) => !isIntegrated && !isSoftware),
    devices.filter(({ isSoftware }) => !isSoftware),
    devices,
  ];
  return classes.find((each) => each.length > 0) ?? [];
}

/** Returns whether `auto` may use a backend: software devices are slower than ggml's own CPU backend. */
export function hasCard(backend: BackendStatus): boolean {
  return backend.devices.some(({ isSoftware }) => !isSoftware);
}

/** Chooses the backend of a kind, the preferred build first. Throws QS-COMPUTE-BACKEND, QS-COMPUTE-DEVICE. */
export function chooseKind(
  kind: BackendKind,
  backends: readonly BackendStatus[],
): { backend: BackendStatus; devices: readonly ListedDevice[] } {
  const builds = backends.filter((backend) => backend.kind === kind);
  const found = builds.find(hasCard) ?? builds.find(({ devices }) => devices.length > 0);
  if (found !== undefined) return { backend: found, devices: usableDevices(found) };
  const loaded = builds.find(({ loads }) => loads);
  if (loaded !== undefined) {
    throw new QuantsmithError("QS-COMPUTE-DEVICE", `${kindLabels[kind]} is not usable: ${whyNot(builds)}`, {
      remedy: "Install the card's driver; `quantsmith doctor` lists devices. Set `device: cpu` to compute without.",
    });
  }
  const platform = `${process.platform}-${process.arch}`;
  const reason = builds.length === 0 ? `llama.cpp's npm packages contain no build for ${platform}` : whyNot(builds);
  throw new QuantsmithError("QS-COMPUTE-BACKEND", `${kindLabels[kind]} is not usable: ${reason}`, {
    remedy: remedyOf(builds),
  });
}

/** Finds devices by name, all of one backend. Throws QS-COMPUTE-DEVICE with the names of the known devices, QS-COMPUTE-BACKEND. */
export function chooseNamed(
  setting: string,
  backends: readonly BackendStatus[],
): { backend: BackendStatus; devices: readonly ListedDevice[] } {
  const names = setting.split(",").map((name) => name.trim());
  for (const backend of backends) {
    const devices = names.flatMap((name) => backend.devices.filter((device) => device.name === name));
    if (devices.length === names.length) return { backend, devices };
  }
  const kind = autoKinds.find((each) => setting.toLowerCase().startsWith(each));
  // Explains why no device of that kind is known.
  if (kind !== undefined && !backends.some((each) => each.kind === kind && each.loads))
    return chooseKind(kind, backends);
  const known = new Map(backends.flatMap(({ devices }) => devices).map((each) => [each.name, each.description]));
  const list = [...known].map(([name, description]) => `${name} (${description})`).join(", ");
  const others = list === "" ? "this machine has no device but the CPU" : `known are ${list}`;
  throw new QuantsmithError("QS-COMPUTE-DEVICE", `the device ${quote(setting)} does not exist; ${others}`, {
    remedy: "Set `device` to `auto`, `cpu`, `cuda`, `vulkan`, `metal` or a name that `quantsmith doctor` lists.",
  });
}

/** Returns why no build of a backend is usable, in one line. */
export function whyNot(builds: readonly BackendStatus[]): string {
  // The later builds are alternatives of one that lacks only libraries.
  const lacking = builds.findIndex(({ missing }) => missing.length > 0);
  const reasons = (lacking < 0 ? builds : builds.slice(0, lacking + 1)).map(reasonOf);
  return reasons.length === 0 ? "it is not installed" : [...new Set(reasons)].join(", and ");
}

function reasonOf({ missing, problem, devices }: BackendStatus): string {
  if (devices[0] !== undefined) return `${devices[0].description} computes on the CPU`;
  if (missing.length === 0) return problem ?? "it lists no device";
  return `${describeMissing(missing)} ${missing.length === 1 ? "is" : "are"} missing`;
}

function remedyOf(builds: readonly BackendStatus[]): string {
  if (builds.length === 0) return "Set `device: auto`, or a device that `quantsmith doctor` lists.";
  if (builds.some((build) => build.package === null))
    return "Use a llama.cpp that contains this backend, unset `QUANTSMITH_LLAMA_CPP`, or set `device: cpu`.";
  if (builds.some(({ missing }) => missing.length > 0))
    return "Install the package, or set `device: cpu`; docs/gpu.md lists the packages.";
  if (builds.some(({ installed }) => installed))
    return "Run `quantsmith doctor`, repair the driver, or set `device: cpu`.";
  return "Reinstall quantsmith's npm packages without `--omit=optional`, or set `device: cpu`.";
}

/**
 * Returns the computation on these devices with the settings' placement. Throws QS-COMPUTE-DEVICE if the placement names
 * more devices than these.
 */
export function computeOn(
  { backend, devices }: { backend: BackendStatus; devices: readonly ListedDevice[] },
  { device: _device, ...placement }: ComputeSettings,
): Compute {
  const { mainGpu, tensorSplit } = placement;
  const places = Math.max((mainGpu ?? 0) + 1, tensorSplit?.length ?? 0);
  if (places > devices.length) {
    const names = devices.map(({ name }) => name).join(", ");
    const key = (mainGpu ?? 0) + 1 > devices.length ? "mainGpu" : "tensorSplit";
    throw new QuantsmithError("QS-COMPUTE-DEVICE", `${key} names ${places} devices, but only ${names} is in use`, {
      remedy: "Correct the key: `mainGpu` counts from 0, and `tensorSplit` has one share for each device in use.",
    });
  }
  return {
    backend: backend.kind,
    devices: devices.map(({ isIntegrated: _integrated, isSoftware: _software, ...device }) => device),
    library: backend.library,
    driver: backend.driver,
    placement,
  };
}

/** Returns "computes on Vulkan0 (AMD Radeon, 16 GB free)". */
export function describeCompute({ devices }: Compute): string {
  if (devices.length === 0) return "computes on the CPU";
  const each = devices.map(({ name, description, freeBytes }) => {
    return `${name} (${description}, ${formatBytes(freeBytes)} free)`;
  });
  return `computes on ${each.join(" and ")}`;
}
