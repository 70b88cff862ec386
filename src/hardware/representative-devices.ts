import { type Catalog, type Device, deviceClass } from "./device.js";

/** One device per class, for those who name none: the first of each in the catalog. */
export function representativeDevices({ devices }: Pick<Catalog, "devices">): Device[] {
  return deviceClass.options.flatMap((kind) => [...devices.values()].find((device) => device.class === kind) ?? []);
}
