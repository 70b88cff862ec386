import type { Device, FigureRange } from "../catalog/device.js";

/** Behavior of a device under sustained load: cited ranges, or null if unknown. */
export interface Sustained {
  /** Speed under sustained load as a share of the initial speed, 0 to 1. */
  retention: FigureRange | null;
  /** Joules per generated token. */
  energyPerToken: FigureRange | null;
  /** Percent of the battery per 1000 generated tokens. */
  batteryPer1kTokens: FigureRange | null;
  /** The figures as a sentence, with basis and source; null if unknown. */
  note: string | null;
}

/** Returns a device's behavior under sustained load. `sources` are the catalog's, by id. */
export function sustained(device: Device, sources: ReadonlyMap<string, { title: string }>): Sustained {
  const { retention, minutes, energyPerToken, batteryPer1kTokens } = device.sustained;
  const cited = ({ basis, source, note }: FigureRange) =>
    `(${[basis, note, sources.get(source)?.title ?? source].filter((part) => part !== undefined).join("; ")})`;
  const after = minutes === null ? "" : ` after ${minutes} minutes`;
  const share = retention === null ? null : scaled(retention, 100);
  const clauses = [
    ...(retention === null || share === null
      ? []
      : [`keeps ${between(share)} % of its speed under load${after} ${cited(retention)}`]),
    ...(energyPerToken === null ? [] : [`uses ${between(energyPerToken)} J per token ${cited(energyPerToken)}`]),
    ...(batteryPer1kTokens === null
      ? []
      : [`uses ${between(batteryPer1kTokens)} % of the battery per 1000 tokens ${cited(batteryPer1kTokens)}`]),
  ];
  const note = clauses.length === 0 ? null : `${device.name} ${clauses.join(", ")}.`;
  return { retention, energyPerToken, batteryPer1kTokens, note };
}

function scaled({ low, high }: FigureRange, factor: number): { low: number; high: number } {
  return { low: low * factor, high: high * factor };
}

/** Two digits exceed the precision of such measurements. */
function between({ low, high }: { low: number; high: number }): string {
  const [from, to] = [low, high].map((value) => String(Number(value.toPrecision(2))));
  return from === to ? `${from}` : `${from} to ${to}`;
}
