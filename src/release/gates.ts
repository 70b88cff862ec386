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

/**
 * Figures of the smoke test of embedding models and rerankers, both from -1 to 1: the smallest cosine between a prompt's
 * vector and the base's, and the rank correlation of the sentence pairs' similarities with the base's.
 */
export const smokeFigures = ["cosineToBase", "rankToBase"] as const;
export type SmokeFigure = (typeof smokeFigures)[number];

/** A limit relative to another variant: its figure on the same chunks, times `ratio`. */
export type RelativeLimit = { readonly of: string; readonly ratio: number };

/** One side of one gate. */
export type GateLimit<Figure extends GateFigure | SmokeFigure = GateFigure> = {
  readonly figure: Figure;
  readonly bound: "min" | "max";
  readonly limit: number | RelativeLimit;
  /** Of the evaluation; absent for the whole. */
  readonly category?: string;
};

type Sides = { readonly [bound in GateLimit["bound"]]?: GateLimit["limit"] | undefined } & {
  /** Limits on single categories of the evaluation. */
  readonly [category: string]: GateLimit["limit"] | undefined;
};
export type Gates = { readonly [figure in GateFigure | SmokeFigure]?: Sides | undefined };

/** Returns the gates of measured quality as a flat list of limits, in the order of `gateFigures`. */
export function gateLimits(gates: Gates): GateLimit[] {
  return limitsOf(gates, gateFigures);
}

/** Returns the gates of the smoke test. */
export function smokeLimits(gates: Gates): GateLimit<SmokeFigure>[] {
  return limitsOf(gates, smokeFigures);
}

function limitsOf<F extends GateFigure | SmokeFigure>(gates: Gates, figures: readonly F[]): GateLimit<F>[] {
  return figures.flatMap((figure) =>
    Object.entries(gates[figure] ?? {}).flatMap(([key, limit]): GateLimit<F>[] => {
      if (limit === undefined) return [];
      if (key === "min" || key === "max") return [{ figure, bound: key, limit }];
      return [{ figure, bound: figure === "sameTop" ? "min" : "max", limit, category: key }];
    }),
  );
}
