/**
 * Tensor types by how much work it is to unpack them, which is what makes a type slower than its size: plain floats, blocks of
 * 32 values with one scale, K-quants of four and more bits, K-quants of fewer, four bits through a table of 16 values, and
 * fewer bits through grids of many.
 */
export const typeClasses = ["float", "block", "k", "low-k", "lookup", "grid"] as const;
export type TypeClass = (typeof typeClasses)[number];

/** Bytes, or seconds, by class; absent is none. */
export type ByClass = Partial<Record<TypeClass, number>>;

const floats = new Set(["F64", "F32", "F16", "BF16"]);
const lowK = new Set(["Q2_K", "Q3_K", "Q2_0", "Q1_0", "TQ1_0", "TQ2_0"]);
const lookups = new Set(["IQ4_NL", "IQ4_XS", "MXFP4", "NVFP4"]);

/** The class of a ggml type, "Q4_K", or of a preset, "Q4_K_M". */
export function typeClass(name: string): TypeClass {
  const type = name.replace(/_K_[SML]$/, "_K");
  if (floats.has(type)) return "float";
  if (lowK.has(type)) return "low-k";
  if (lookups.has(type)) return "lookup";
  if (type.startsWith("IQ")) return "grid";
  return type.endsWith("_K") ? "k" : "block";
}
