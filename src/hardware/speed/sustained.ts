import type { Device, FigureRange } from "../catalog/device.js";

/** What is known of a device that computes for long: cited ranges or null, never a guess. */
export interface Sustained {
  /** Share of the first speed left under load, 0 to 1. */
  retention: FigureRange | null;
  /** Joules for one generated token. */
  energyPerToken: FigureRange | null;
  /** Percent of the battery for 1000 generated tokens. */
  batteryPer1kTokens: FigureRange | null;
  /** The same for people, with how and where it was found; null when nothing is known. */
  note: string | null;
}

/** Heat and battery of a device, as the catalog cites them. `sources` are the catalog's, by id. */
export function sustained(device: Device, sources: ReadonlyMap<string, { title: string }>): Sustained {
  const { retention, minutes, energyPerToken, batteryPer1kTokens } = device.sustained;
  const cited = ({ basis, source, note }: FigureRange) =>
    `(${[basis, note, sources.get(source)?.title ?? source].filter((part) => part !== undefined).join("; ")})`;
  const after = minutes === null ? "" : ` after ${minutes} minutes`;
  const share = retention === null ? null : scaled(retention, 100);
  const said = [
    ...(retention === null || share === null
      ? []
      : [`keeps ${between(share)} % of its speed under load${after} ${cited(retention)}`]),
    ...(energyPerToken === null ? [] : [`takes ${between(energyPerToken)} J per token ${cited(energyPerToken)}`]),
    ...(batteryPer1kTokens === null
      ? []
      : [`spends ${between(batteryPer1kTokens)} % of the battery on 1000 tokens ${cited(batteryPer1kTokens)}`]),
  ];
  const note = said.length === 0 ? null : `${device.name} ${said.join(", ")}.`;
  return { retention, energyPerToken, batteryPer1kTokens, note };
}

function scaled({ low, high }: FigureRange, factor: number): { low: number; high: number } {
  return { low: low * factor, high: high * factor };
}

/** Two digits are more than such measurements hold. */
function between({ low, high }: { low: number; high: number }): string {
  const [from, to] = [low, high].map((value) => String(Number(value.toPrecision(2))));
  return from === to ? `${from}` : `${from} to ${to}`;
}
