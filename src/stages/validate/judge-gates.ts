/** Figures a gate can limit: perplexity ratios, KLD in nats, Δp and same-top in percent. */
export const gateFigures = [
  "perplexity",
  "perplexityRatio",
  "kldMean",
  "kldMedian",
  "kld90",
  "kld99",
  "kld999",
  "kldMax",
  "rmsDeltaP",
  "sameTop",
] as const;
export type GateFigure = (typeof gateFigures)[number];

export interface GateLimit {
  min?: number | undefined;
  max?: number | undefined;
}
export type Gates = { readonly [figure in GateFigure]?: GateLimit | undefined };

export interface GateBreach {
  figure: GateFigure;
  value: number;
  limit: number;
  bound: "min" | "max";
}

/** The limits that a variant's figures break; none means the gate is passed. A figure that is no number breaks its gate. */
export function judgeGates(figures: Readonly<Record<GateFigure, number>>, gates: Gates): GateBreach[] {
  const breaches: GateBreach[] = [];
  for (const figure of gateFigures) {
    const { min, max } = gates[figure] ?? {};
    const value = figures[figure];
    if (max !== undefined && !(value <= max)) breaches.push({ figure, value, limit: max, bound: "max" });
    if (min !== undefined && !(value >= min)) breaches.push({ figure, value, limit: min, bound: "min" });
  }
  return breaches;
}

/** One sentence a person can act on: "kldMean 0.0721 is above the maximum 0.05 by 0.0221". */
export function describeBreach({ figure, value, limit, bound }: GateBreach): string {
  const side = bound === "max" ? "above the maximum" : "below the minimum";
  return `${figure} ${round(value)} is ${side} ${limit} by ${round(Math.abs(value - limit))}`;
}

const round = (value: number) => Number(value.toPrecision(4));
