import type { HardwareCompatibility } from "../../hardware/compatibility.js";
import { formatSpeed } from "../format-fit.js";
import { byClass } from "./device-picks.js";

/** What the devices of a class with the same recommendation should use. */
export interface DeviceLine {
  devices: string[];
  /** Null if none fits. */
  variant: string | null;
  /** Tokens. */
  context: number;
  /** Tokens per second of each device, in the order of `devices`; "–" if unknown. */
  speeds: string[];
}

/** Returns one line for the devices of each class that should use the same variant and context. */
export function deviceLines({ devices, recommended, results }: HardwareCompatibility): DeviceLine[] {
  const lines = new Map<string, DeviceLine>();
  for (const device of byClass(devices)) {
    const pick = recommended.find((one) => one.device === device.id);
    if (pick === undefined) continue;
    const { variant, context } = pick;
    const fit = results.find((one) => one.device === device.id && one.variant === variant && one.context === context);
    const key = JSON.stringify([device.class, variant, context]);
    const line = lines.get(key) ?? { devices: [], variant, context, speeds: [] };
    line.devices.push(device.name);
    line.speeds.push(formatSpeed(fit?.decode ?? null));
    lines.set(key, line);
  }
  return [...lines.values()];
}
