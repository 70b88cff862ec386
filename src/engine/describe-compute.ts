import type { Compute } from "../llamacpp/compute/compute.js";
import type { ReleaseCompute } from "../release/release-report.js";

/** Describes the devices of a finished step for its record; `gpuLayers` are the layers on them. */
export function describeCompute(
  { backend, devices, driver }: Compute,
  gpuLayers = null as number | null,
): ReleaseCompute {
  const counts = new Map<string, number>();
  for (const { description } of devices) counts.set(description, (counts.get(description) ?? 0) + 1);
  const device = [...counts].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`)).join(", ");
  return { backend, device, driver, gpuLayers };
}
