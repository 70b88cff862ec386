import type { FitResult, HardwareCompatibility } from "../../hardware/compatibility.js";
import { formatSpeed } from "../format-fit.js";
import { byClass } from "./device-picks.js";

/** What the devices of a class with the same recommendation should use. */
export interface DeviceLine {
  devices: string[];
  /** Null if none fits. */
  variant: string | null;
  /** Tokens. */
  context: number;
  /** Tokens per second of the slowest to the fastest of the devices; "–" if unknown. */
  speed: string;
}

/** Returns one line for the devices of each class that should use the same variant, context and have a known speed or not. */
export function deviceLines({ devices, recommended, results }: HardwareCompatibility): DeviceLine[] {
  const lines = new Map<string, Omit<DeviceLine, "speed"> & { decode: NonNullable<FitResult["decode"]>[] }>();
  for (const device of byClass(devices)) {
    const pick = recommended.find((one) => one.device === device.id);
    if (pick === undefined) continue;
    const { variant, context } = pick;
    const fit = results.find((one) => one.device === device.id && one.variant === variant && one.context === context);
    const decode = fit?.decode ?? null;
    const key = JSON.stringify([device.class, variant, context, decode === null]);
    const line = lines.get(key) ?? { devices: [], variant, context, decode: [] };
    line.devices.push(device.name);
    if (decode !== null) line.decode.push(decode);
    lines.set(key, line);
  }
  return [...lines.values()].map(({ decode, ...line }) => ({ ...line, speed: formatSpeed(joined(decode)) }));
}

function joined(speeds: readonly NonNullable<FitResult["decode"]>[]): FitResult["decode"] {
  const [first] = speeds;
  if (first === undefined) return null;
  const [low, high] = [Math.min(...speeds.map((one) => one.low)), Math.max(...speeds.map((one) => one.high))];
  return { ...first, low, high };
}
