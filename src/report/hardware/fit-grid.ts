import type { FitResult, HardwareCompatibility } from "../../hardware/compatibility.js";
import { formatSpeed, formatVerdict } from "../format-fit.js";
import { byClass, type TextTable } from "./device-picks.js";

export interface FitGrid extends TextTable {
  /** Tokens. */
  context: number;
}

/** Returns one table per estimated context, in ascending order: every variant on every device. */
export function fitGrids({ results, devices, variants }: HardwareCompatibility): FitGrid[] {
  const contexts = [...new Set(results.map(({ context }) => context))].sort((a, b) => a - b);
  return contexts.map((context) => ({
    context,
    titles: ["Device", ...variants.map(({ name }) => name)],
    rows: byClass(devices.filter(({ id }) => results.some((one) => one.device === id && one.context === context))).map(
      (device) => [
        device.name,
        ...variants.map((variant) =>
          cell(
            results.find(
              (result) => result.context === context && result.device === device.id && result.variant === variant.name,
            ),
          ),
        ),
      ],
    ),
  }));
}

/** The verdict, with tokens per second if known. */
function cell(result: FitResult | undefined): string {
  if (result === undefined) return "";
  const { verdict, decode } = result;
  return verdict === "no" || decode === null
    ? formatVerdict(result)
    : `${formatVerdict(result)}, ${formatSpeed(decode)}`;
}
