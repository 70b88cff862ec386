import { type GgmlType, ggmlTypeByName } from "./ggml-types.js";

/** `tensor_type_fallback` in llama.cpp's llama-quant.cpp; for other types it has none. */
const fallbacks: Readonly<Record<string, string>> = {
  IQ1_S: "IQ4_NL",
  IQ1_M: "IQ4_NL",
  IQ2_XXS: "IQ4_NL",
  IQ2_XS: "IQ4_NL",
  IQ2_S: "IQ4_NL",
  IQ3_XXS: "IQ4_NL",
  IQ3_S: "IQ4_NL",
  IQ4_XS: "IQ4_NL",
  Q2_0: "Q4_0",
  Q2_K: "Q4_0",
  Q3_K: "Q4_0",
  TQ1_0: "Q4_0",
  TQ2_0: "Q4_0",
  Q4_K: "Q5_0",
  Q5_K: "Q5_1",
  Q6_K: "Q8_0",
};

/**
 * The type llama-quantize stores rows of `columns` values in when asked for `type`: the type itself where rows are
 * whole blocks of it, else its fallback. Undefined where not even that fits and the tensor stays in 16 bits.
 */
export function storedType(type: GgmlType, columns: number): GgmlType | undefined {
  if (columns % type.blockSize === 0) return type;
  const fallback = ggmlTypeByName(fallbacks[type.name] ?? "");
  return fallback !== undefined && columns % fallback.blockSize === 0 ? fallback : undefined;
}
