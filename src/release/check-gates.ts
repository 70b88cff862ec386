import type { GateFigure, GateLimit } from "./gates.js";

type Figures = Readonly<Record<GateFigure, number>>;

export interface GateBreach {
  figure: GateFigure;
  bound: "min" | "max";
  value: number;
  /** The violated limit; for a relative limit, the other variant's figure times the ratio. */
  limit: number;
  /** Reference variant of a relative limit. */
  of?: { variant: string; ratio: number };
}

/**
 * Returns the limits that a variant's figures violate; empty if all gates pass. NaN always fails its gate.
 * `references` contains the figures of the variants that relative limits name.
 */
export function checkGates(
  figures: Figures,
  limits: readonly GateLimit[],
  references: ReadonlyMap<string, Figures> = new Map(),
): GateBreach[] {
  return limits.flatMap((gate) => {
    const limit = limitValue(gate, references);
    const value = figures[gate.figure];
    if (gate.bound === "max" ? value <= limit : value >= limit) return [];
    const of = typeof gate.limit === "number" ? {} : { of: { variant: gate.limit.of, ratio: gate.limit.ratio } };
    return [{ figure: gate.figure, bound: gate.bound, value, limit, ...of }];
  });
}

function limitValue({ figure, limit }: GateLimit, references: ReadonlyMap<string, Figures>): number {
  return typeof limit === "number" ? limit : limit.ratio * (references.get(limit.of)?.[figure] ?? Number.NaN);
}

/** Returns a sentence for the user: "kldMean 0.0721 is above the maximum 0.05 by 0.0221". */
export function describeBreach({ figure, value, limit, bound, of }: GateBreach): string {
  const side = bound === "max" ? "above the maximum" : "below the minimum";
  const source = of === undefined ? "" : ` (${of.ratio === 1 ? "" : `${of.ratio} × `}that of ${of.variant})`;
  return `${figure} ${round(value)} is ${side} ${round(limit)}${source} by ${round(Math.abs(value - limit))}`;
}

const round = (value: number) => Number(value.toPrecision(4));
