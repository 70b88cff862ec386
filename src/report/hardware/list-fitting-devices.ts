import type { HardwareCompatibility } from "../../hardware/compatibility.js";

/** Maximum number of names in a cell. */
const maxNames = 3;

/**
 * Lists the devices on which the whole variant fits at the smallest estimated context, for a cell of the file table:
 * "all 4", "iPhone 15 Pro, Pixel 9", "7 of 12"; "–" for none.
 */
export function listFittingDevices(variant: string, { devices, results }: HardwareCompatibility): string {
  const shortest = Math.min(...results.map(({ context }) => context));
  const fitting = results.filter(
    (result) => result.variant === variant && result.context === shortest && fitsFully(result, devices),
  );
  const names = devices.filter(({ id }) => fitting.some(({ device }) => device === id)).map(({ name }) => name);
  if (names.length === 0) return "–";
  if (names.length === devices.length) return `all ${devices.length}`;
  return names.length > maxNames ? `${names.length} of ${devices.length}` : names.join(", ");
}

/** On a device whose first backend is the CPU, `cpu` is the best verdict. */
function fitsFully(
  { verdict, device, backend }: HardwareCompatibility["results"][number],
  devices: HardwareCompatibility["devices"],
): boolean {
  return verdict === "full" || (verdict === "cpu" && devices.find(({ id }) => id === device)?.backend === backend);
}
