import type { BackendId } from "../catalog/device.js";
import { isCpuBackend } from "../fit/choose-backend.js";
import type { Footprint } from "./memory.js";

/**
 * Types that llama.cpp repacks for the CPU's vector units on load, so that they are process memory instead of mapped
 * pages: `ggml_repack_get_optimal_repack_type` in ggml-cpu/repack.cpp, assuming all possible CPU features.
 */
const repackedTypes = {
  "cpu-arm": ["Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "MXFP4"],
  "cpu-x86": ["Q4_0", "Q4_K", "Q2_K", "IQ4_NL", "MXFP4"],
} as const;

/** Returns an upper bound of the weights that a backend in unified memory does not map from the file, in bytes. */
export function repackedBytes({ types }: Pick<Footprint, "types">, backend: BackendId): number {
  if (!isCpuBackend(backend)) return 0;
  return repackedTypes[backend].reduce((sum, type) => sum + (types[type] ?? 0), 0);
}
