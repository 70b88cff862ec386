import type { HardwareCompatibility } from "../../hardware/compatibility.js";

/** More names than this do not fit a cell. */
const maxNames = 3;

/**
 * The devices a variant runs on as a whole at the shortest context judged, for a cell of the table of files:
 * "all 4", "iPhone 15 Pro, Pixel 9", "7 of 12"; "–" without any.
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

/** A device whose first backend is its processor has nothing better. */
function fitsFully(
  { verdict, device, backend }: HardwareCompatibility["results"][number],
  devices: HardwareCompatibility["devices"],
): boolean {
  return verdict === "full" || (verdict === "cpu" && devices.find(({ id }) => id === device)?.backend === backend);
}
