import { join } from "node:path";
import type { Compute } from "../llamacpp/compute/compute.js";
import { machineDevices } from "../llamacpp/compute/visible-devices.js";
import { cacheFolder } from "../util/cache-folder.js";

/**
 * Returns the paths of the locks for the devices of `compute`, in an order that all processes share. They are in the
 * user's cache folder, since runs with other output folders use the same devices.
 */
export function deviceLocks(compute: Compute, machine: string): string[] {
  const names = machineDevices(compute).map((device) => `${compute.backend}-${device}`.replace(/[^\w.-]/g, "_"));
  return [...new Set(names)].sort().map((name) => join(cacheFolder(), "locks", `${machine}-${name}.lock`));
}
