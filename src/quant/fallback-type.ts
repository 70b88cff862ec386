import { type GgmlType, ggmlTypeByName } from "./ggml-types.js";

/** `tensor_type_fallback` in llama.cpp's llama-quant.cpp; other types have no fallback. */
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
 * Returns the type in which llama-quantize stores rows of `columns` values if `type` is requested: `type` itself if rows
 * are whole blocks, else its fallback. Undefined if neither fits; the tensor then keeps 16 bits.
 */
export function storedType(type: GgmlType, columns: number): GgmlType | undefined {
  if (columns % type.blockSize === 0) return type;
  const fallback = ggmlTypeByName(fallbacks[type.name] ?? "");
  return fallback !== undefined && columns % fallback.blockSize === 0 ? fallback : undefined;
}
