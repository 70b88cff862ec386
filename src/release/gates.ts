/** Figures that gates limit: KLD in nats, `rmsDeltaP` and `sameTop` in percent. */
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

/** A limit relative to another variant: its figure on the same chunks, times `ratio`. */
export type RelativeLimit = { readonly of: string; readonly ratio: number };

/** One side of one gate. */
export type GateLimit = {
  readonly figure: GateFigure;
  readonly bound: "min" | "max";
  readonly limit: number | RelativeLimit;
};

type Sides = { readonly [bound in GateLimit["bound"]]?: GateLimit["limit"] | undefined };
export type Gates = { readonly [figure in GateFigure]?: Sides | undefined };

/** Returns the gates as a flat list of limits, in the order of `gateFigures`. */
export function gateLimits(gates: Gates): GateLimit[] {
  return gateFigures.flatMap((figure) =>
    (["min", "max"] as const).flatMap((bound) => {
      const limit = gates[figure]?.[bound];
      return limit === undefined ? [] : [{ figure, bound, limit }];
    }),
  );
}
