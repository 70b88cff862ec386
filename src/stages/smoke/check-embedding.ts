import type { Expectation } from "./expectation.js";

/** Detects damaged variants and passes coarse types; validation measures the quality. */
const minCosine = 0.9;

/** Compares a vector with the base model's. Returns the cosine and the failures, one sentence each. */
export function checkEmbedding(
  vector: readonly number[],
  base: readonly number[],
  { cosineToBase, rankToBase: _ofAllPairs, ...others }: Expectation = {},
): { cosine: number; failures: string[] } {
  const cosine = cosineOf(vector, base);
  const least = cosineToBase ?? minCosine;
  // `false` lifts a default of text models.
  const textual = Object.entries(others).flatMap(([key, value]) => (value === false ? [] : [key]));
  return {
    cosine,
    failures: [
      // NaN fails.
      ...(cosine >= least ? [] : [`the cosine to the base's vector is ${cosine.toFixed(4)}, below ${least}`]),
      ...(textual.length === 0 ? [] : [`an embedding model does not generate text for ${textual.join(", ")}`]),
    ],
  };
}

/** Returns the cosine of the angle between two vectors of equal length; NaN if one is zero. */
export function cosineOf(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
