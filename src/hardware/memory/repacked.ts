import type { BackendId } from "../catalog/device.js";
import { isCpuBackend } from "../fit/choose-backend.js";
import type { Footprint } from "./memory.js";

/**
 * Types that llama.cpp rearranges for a processor's vector units while it loads them, which makes them memory of the
 * process instead of pages of the file: `ggml_repack_get_optimal_repack_type` in ggml-cpu/repack.cpp, with all the
 * features that a processor of the kind may have.
 */
const repackedTypes = {
  "cpu-arm": ["Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "MXFP4"],
  "cpu-x86": ["Q4_0", "Q4_K", "Q2_K", "IQ4_NL", "MXFP4"],
} as const;

/** Bytes of weights that are not mapped from the file when a backend runs them from one memory; on the high side. */
export function repackedBytes({ types }: Pick<Footprint, "types">, backend: BackendId): number {
  if (!isCpuBackend(backend)) return 0;
  return repackedTypes[backend].reduce((sum, type) => sum + (types[type] ?? 0), 0);
}
