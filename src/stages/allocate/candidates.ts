import { storedType } from "../../quant/fallback-type.js";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";

/** The types a dynamic variant chooses from when the recipe names none; more changed nothing above 3 bits. */
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
 * The types a probe damages tensors with, in the order they are tried; none needs an imatrix. The first is coarse
 * enough to be read clearly and fine enough to be additive. The second, one bit, is for tensors that show nothing.
 */
export const probeTypes = ["Q2_K", "Q1_0"] as const;

/** The types of these names as tensors with rows of `columns` values can have them, each once. */
export function storableTypes(names: readonly string[], columns: number): GgmlType[] {
  const types = names.map((name) => storedType(knownType(name), columns));
  return [...new Set(types.filter((type) => type !== undefined))];
}
