import { storedType } from "../../quant/fallback-type.js";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";

/** Default types for dynamic variants. More types gave no improvement above 3 bits per weight. */
export const defaultTypes: readonly string[] = [
  "IQ2_S",
  "Q2_K",
  "IQ3_XXS",
  "IQ3_S",
  "Q3_K",
  "IQ4_XS",
  "Q4_K",
  "Q5_K",
  "Q6_K",
  "Q8_0",
];

/**
 * The types that probes quantize tensors to, in order; neither requires an imatrix. The first is coarse enough for a
 * clear signal and fine enough for additive damage. The second, one bit, is for tensors without a signal at the first.
 */
export const probeTypes = ["Q2_K", "Q1_0"] as const;

/** Returns the types that can store rows of `columns` values, or their fallbacks, without duplicates. */
export function storableTypes(names: readonly string[], columns: number): GgmlType[] {
  const types = names.map((name) => storedType(knownType(name), columns));
  return [...new Set(types.filter((type) => type !== undefined))];
}
