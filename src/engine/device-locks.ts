import { join } from "node:path";
import type { Compute } from "../llamacpp/compute/compute.js";
import { machineDevices } from "../llamacpp/compute/visible-devices.js";
import { cacheFolder } from "../util/cache-folder.js";

/**
 * Returns the paths of the locks for the devices of `compute`, in an order that all processes share. They are in the
 * user's cache folder, since runs with other output folders use the same devices. A job that sees only some of a
 * machine's cards numbers them anew, so a card is known by its place on the bus, or else by its number.
 */
export function deviceLocks(compute: Compute, machine: string): string[] {
  const numbers = machineDevices(compute);
  const names = compute.devices.map(({ id }, i) => id ?? `${compute.backend}-${numbers[i]}`);
  const files = names.map((name) => `${machine}-${name.replace(/[^\w.-]/g, "_")}.lock`);
  return [...new Set(files)].sort().map((file) => join(cacheFolder(), "locks", file));
}
