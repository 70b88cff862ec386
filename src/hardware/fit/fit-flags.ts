import type { KvType } from "../memory/memory.js";
import type { Split } from "./gpu-loads.js";

/** Blocks and output of any model up to this many are `-ngl 99`, as people write it. */
const customaryLayers = 99;

/**
 * llama.cpp's flags for a placement (common/arg.cpp). Flash attention is asked for because the memory was estimated with
 * it, and because a q8_0 cache needs it. `split` is null on the processor, `all` where one memory is shared.
 */
export function fitFlags(
  split: Split | "all" | null,
  { layers, context, kvType }: { layers: number; context: number; kvType: KvType },
): string {
  const all = Math.max(customaryLayers, layers);
  const offloaded = split === null ? 0 : split === "all" || split.offloaded === layers ? all : split.offloaded;
  const experts =
    split !== null && split !== "all" && split.expertsOnCpu > 0 ? [`--n-cpu-moe ${split.expertsOnCpu}`] : [];
  const cache = kvType === "f16" ? [] : [`-ctk ${kvType} -ctv ${kvType}`];
  return [`-ngl ${offloaded}`, ...experts, `-c ${context}`, ...cache, "-fa on"].join(" ");
}
