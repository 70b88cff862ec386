import type { GateFigure, GateLimit, SmokeFigure } from "./gates.js";

type AnyFigure = GateFigure | SmokeFigure;
type Figures<F extends AnyFigure> = { readonly [figure in F]?: number } & {
  readonly categories?: { readonly [category in string]: { readonly [figure in F]?: number } };
};

export interface GateBreach {
  figure: AnyFigure;
  /** Of the evaluation; absent for the whole. */
  category?: string;
  bound: "min" | "max";
  value: number;
  /** The violated limit; for a relative limit, the other variant's figure times the ratio. */
  limit: number;
  /** Reference variant of a relative limit. */
  of?: { variant: string; ratio: number };
}

/**
 * Returns the limits that a variant's figures violate; empty if all gates pass. NaN and a missing figure fail their
 * gate.
 * `references` contains the figures of the variants that relative limits name.
 */
export function checkGates<F extends AnyFigure>(
  figures: Figures<F>,
  limits: readonly GateLimit<F>[],
  references: ReadonlyMap<string, Figures<F>> = new Map(),
): GateBreach[] {
  return limits.flatMap((gate) => {
    const limit = limitValue(gate, references);
    const { category } = gate;
    const value = (category === undefined ? figures : figures.categories?.[category])?.[gate.figure] ?? Number.NaN;
    if (gate.bound === "max" ? value <= limit : value >= limit) return [];
    const of = typeof gate.limit === "number" ? {} : { of: { variant: gate.limit.of, ratio: gate.limit.ratio } };
    const place = category === undefined ? {} : { category };
    return [{ figure: gate.figure, ...place, bound: gate.bound, value, limit, ...of }];
  });
}

function limitValue<F extends AnyFigure>(
  { figure, limit }: GateLimit<F>,
  references: ReadonlyMap<string, Figures<F>>,
): number {
  return typeof limit === "number" ? limit : limit.ratio * (references.get(limit.of)?.[figure] ?? Number.NaN);
}

/** Returns a sentence for the user: "kldMean 0.0721 is above the maximum 0.05 by 0.0221". */
export function describeBreach({ figure, category, value, limit, bound, of }: GateBreach): string {
  const name = category === undefined ? figure : `${figure} of ${category}`;
  if (Number.isNaN(value)) return `${name} was not measured`;
  const side = bound === "max" ? "above the maximum" : "below the minimum";
  const source = of === undefined ? "" : ` (${of.ratio === 1 ? "" : `${of.ratio} × `}that of ${of.variant})`;
  return `${name} ${round(value)} is ${side} ${round(limit)}${source} by ${round(Math.abs(value - limit))}`;
}

const round = (value: number) => Number(value.toPrecision(4));
