import type { CompatibleDevice, FitResult, HardwareCompatibility, SpeedRange } from "../../hardware/compatibility.js";
import type { DeviceClass } from "../../hardware/device.js";
import { formatMegabytes } from "../figures.js";

/** A table as text, for Markdown and HTML alike. */
export interface TextTable {
  titles: readonly string[];
  rows: readonly (readonly string[])[];
}

/** Kinds of device in the order people look for theirs. */
const classNames: Readonly<Record<DeviceClass, string>> = {
  phone: "Phone",
  mac: "Mac",
  gpu: "Graphics card",
  "multi-gpu": "Several cards",
  datacenter: "Data center",
  cpu: "Without a card",
};

export const classOrder = Object.keys(classNames) as DeviceClass[];

/** The quick pick: for every device the file to take, sorted by kind of device. */
export function devicePicks(compatibility: HardwareCompatibility): TextTable {
  const rows = byClass(compatibility.devices).map((device) => {
    const pick = compatibility.recommended.find((one) => one.device === device.id);
    const variant = compatibility.variants.find(({ name }) => name === pick?.variant);
    const fit = compatibility.results.find(
      (result) => result.device === device.id && result.variant === pick?.variant && result.context === pick?.context,
    );
    const name = `${device.name} (${classNames[device.class].toLowerCase()})`;
    if (pick === undefined || variant === undefined || fit === undefined) {
      return [name, "–", "–", "–", "–", pick?.reason ?? "not judged"];
    }
    return [name, variant.name, formatMegabytes(variant.bytes), contextOf(fit), speedOf(fit.decode), pick.reason];
  });
  return { titles: ["Device", "Take", "Size", "Context", "Tokens/s", "Why"], rows };
}

/** Devices sorted by kind; within one, the order of the recipe or the catalog. */
export function byClass(devices: readonly CompatibleDevice[]): CompatibleDevice[] {
  return devices.toSorted((a, b) => classOrder.indexOf(a.class) - classOrder.indexOf(b.class));
}

/** A range of tokens per second in few digits; its basis stands beside where nobody measured it. */
export function speedOf(speed: SpeedRange | null): string {
  if (speed === null) return "unknown";
  const digits = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(1));
  const [low, high] = [digits(speed.low), digits(speed.high)];
  return low === high ? low : `${low}–${high}`;
}

/** The context that was judged, and how far it goes with the same verdict. */
function contextOf({ context, kvType, maximumContext }: FitResult): string {
  const most = maximumContext[kvType];
  return most === null || most <= context ? String(context) : `${context} (up to ${most})`;
}
