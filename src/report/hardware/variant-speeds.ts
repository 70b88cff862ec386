import type { HardwareCompatibility } from "../../hardware/compatibility.js";
import { formatSpeed } from "../format-fit.js";
import { byClass } from "./device-picks.js";

/** A column of estimated speeds in the table of variants. */
export interface VariantSpeeds {
  title: string;
  /** Tokens per second of a variant, "–" if unknown. */
  cell: (variant: string) => string;
}

/** Returns the speeds on the device for which most are known, at the smallest context; undefined without any. */
export function variantSpeeds({ devices, results }: HardwareCompatibility): VariantSpeeds | undefined {
  const context = Math.min(...results.map((one) => one.context));
  const known = results.filter((one) => one.context === context && one.decode !== null);
  const speedsOf = (id: string) => known.filter((one) => one.device === id);
  const [device] = byClass(devices).toSorted((a, b) => speedsOf(b.id).length - speedsOf(a.id).length);
  if (device === undefined || speedsOf(device.id).length === 0) return undefined;
  const find = (variant: string) => speedsOf(device.id).find((one) => one.variant === variant);
  return { title: `Tokens/s, ${device.name}`, cell: (variant) => formatSpeed(find(variant)?.decode ?? null) };
}
