import type { FitResult, HardwareCompatibility } from "../../hardware/compatibility.js";
import { byClass, speedOf, type TextTable } from "./device-picks.js";

export interface FitGrid extends TextTable {
  /** Tokens. */
  context: number;
}

/** What the cells of the grid say. */
export const gridLegend =
  "A range: all of it runs on the device's first backend, at so many tokens per second. `n/m layers`: these are on the card, the rest with the processor. `CPU`: on the processor alone. `–`: it does not fit.";

/** Every variant on every device, one table for each context that was judged, from the smallest. */
export function fitGrids({ results, devices, variants }: HardwareCompatibility): FitGrid[] {
  const contexts = [...new Set(results.map(({ context }) => context))].sort((a, b) => a - b);
  return contexts.map((context) => ({
    context,
    titles: ["Device", ...variants.map(({ name }) => name)],
    rows: byClass(devices).map((device) => [
      device.name,
      ...variants.map((variant) =>
        cell(
          results.find(
            (result) => result.context === context && result.device === device.id && result.variant === variant.name,
          ),
        ),
      ),
    ]),
  }));
}

function cell(result: FitResult | undefined): string {
  if (result === undefined) return "";
  const { verdict, layers, decode } = result;
  const speed = decode === null ? "" : ` ${speedOf(decode)}`;
  switch (verdict) {
    case "full":
      return decode === null ? "fits" : speedOf(decode);
    case "partial":
      return layers === null ? `partly${speed}` : partly(layers) + speed;
    case "cpu":
      return `CPU${speed}`;
    case "no":
      return "–";
  }
}

function partly({ offloaded, total, expertsOnCpu }: NonNullable<FitResult["layers"]>): string {
  return expertsOnCpu > 0 ? `experts of ${expertsOnCpu} layers on the CPU` : `${offloaded}/${total} layers`;
}
