import type { Expectation } from "./expectation.js";

/** Catches damage and lets coarse types pass; how good a variant is, validation measures. */
const minCosine = 0.9;

/** Why a vector is too far from the base model's; empty when it is near enough. */
export function checkEmbedding(
  vector: readonly number[],
  base: readonly number[],
  { cosineToBase, ...others }: Expectation = {},
): { cosine: number; failures: string[] } {
  const cosine = cosineOf(vector, base);
  const least = cosineToBase ?? minCosine;
  const textual = Object.keys(others);
  return {
    cosine,
    failures: [
      // Written so that NaN fails.
      ...(cosine >= least ? [] : [`the cosine to the base's vector is ${cosine.toFixed(4)}, below ${least}`]),
      ...(textual.length === 0 ? [] : [`an embedding model gives no text for ${textual.join(", ")}`]),
    ],
  };
}

/** Cosine of the angle between two vectors of one length; NaN when one has no direction. */
function cosineOf(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
