import type { Compute } from "../llamacpp/compute/compute.js";
import type { ReleaseCompute } from "../release/release-report.js";

/** Describes the devices of a finished step for its record. */
export function describeCompute({ backend, devices, driver, placement }: Compute): ReleaseCompute {
  const counts = new Map<string, number>();
  for (const { description } of devices) counts.set(description, (counts.get(description) ?? 0) + 1);
  const device = [...counts].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`)).join(", ");
  return { backend, device, driver, gpuLayers: placement.gpuLayers };
}
