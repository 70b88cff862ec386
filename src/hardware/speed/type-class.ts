/**
 * Tensor types by the cost of unpacking, which makes a type slower than its size implies: plain floats, blocks of 32
 * values with one scale, K-quants of four and more bits, K-quants of fewer bits, four bits with a lookup table of 16
 * values, and fewer bits with large grids.
 */
export const typeClasses = ["float", "block", "k", "low-k", "lookup", "grid"] as const;
export type TypeClass = (typeof typeClasses)[number];

/** A figure by class; absent for classes without it. */
export type ByClass = Partial<Record<TypeClass, number>>;

const floats = new Set(["F64", "F32", "F16", "BF16"]);
const lowK = new Set(["Q2_K", "Q3_K", "Q2_0", "Q1_0", "TQ1_0", "TQ2_0"]);
const lookups = new Set(["IQ4_NL", "IQ4_XS", "MXFP4", "NVFP4"]);

/** Returns the class of a ggml type, such as "Q4_K", or of a preset, such as "Q4_K_M". */
export function typeClass(name: string): TypeClass {
  const type = name.replace(/_K_[SML]$/, "_K");
  if (floats.has(type)) return "float";
  if (lowK.has(type)) return "low-k";
  if (lookups.has(type)) return "lookup";
  if (type.startsWith("IQ")) return "grid";
  return type.endsWith("_K") ? "k" : "block";
}
