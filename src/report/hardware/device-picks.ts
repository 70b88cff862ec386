import type { DeviceClass } from "../../hardware/catalog/device.js";
import type { CompatibleDevice, FitResult, HardwareCompatibility } from "../../hardware/compatibility.js";
import { formatMegabytes } from "../../release/figures.js";
import { formatSpeed } from "../format-fit.js";

/** A table as text, for Markdown and HTML. */
export interface TextTable {
  titles: readonly string[];
  rows: readonly (readonly string[])[];
}

/** Device classes in table order. */
const classes: readonly DeviceClass[] = ["phone", "mac", "gpu", "multi-gpu", "datacenter", "cpu"];

/** Returns the recommended variant and the reason, for every device. */
export function devicePicks(hardware: HardwareCompatibility): TextTable {
  const { devices, recommended, variants, results } = hardware;
  const rows = byClass(devices).map(({ id, name }) => {
    const pick = recommended.find(({ device }) => device === id);
    const variant = variants.find((one) => one.name === pick?.variant);
    const fit = results.find(
      (result) => result.device === id && result.variant === pick?.variant && result.context === pick.context,
    );
    if (pick === undefined || variant === undefined || fit === undefined) {
      return [name, "–", "–", "–", "–", sentence(pick?.reason ?? "")];
    }
    return [
      name,
      variant.name,
      formatMegabytes(variant.bytes),
      contextOf(fit),
      formatSpeed(fit.decode),
      sentence(pick.reason),
    ];
  });
  return { titles: ["Device", "Variant", "Size", "Context", "Tokens/s", "Reason"], rows };
}

/** Sorts devices by class, then in recipe order. */
export function byClass(devices: readonly CompatibleDevice[]): CompatibleDevice[] {
  return devices.toSorted((a, b) => classes.indexOf(a.class) - classes.indexOf(b.class));
}

/** The estimated context, and the largest context with the same verdict. */
function contextOf({ context, kvType, maximumContext }: FitResult): string {
  const most = maximumContext[kvType];
  return most === null || most <= context ? String(context) : `${context} (up to ${most})`;
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
