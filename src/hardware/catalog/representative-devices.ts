import type { Catalog, Device } from "./device.js";

/** One to three common devices of each class. */
const representatives = [
  "iphone-15-pro",
  "galaxy-s24-ultra",
  "pixel-9",
  "m1-8gb",
  "m4-pro-24gb",
  "rtx-3060-12gb",
  "rtx-4090",
  "rx-7900-xtx",
  "2x-rtx-3090",
  "h100-80gb",
  "laptop-ddr4-8gb",
  "laptop-ddr5-16gb",
];

/** Returns the default devices, as far as the catalog contains them. */
export function representativeDevices({ devices }: Pick<Catalog, "devices">): Device[] {
  return representatives.flatMap((id) => devices.get(id) ?? []);
}
