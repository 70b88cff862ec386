import type { KvType } from "../memory/memory.js";
import type { Offload } from "./gpu-loads.js";

/** Up to this number of layers, full offload is written as the customary `-ngl 99`. */
const maxShorthandLayers = 99;

/**
 * Returns llama.cpp's flags for a placement (common/arg.cpp). They include flash attention, because the memory estimate
 * assumes it and a q8_0 cache requires it. `offload` is null on the CPU and `all` in unified memory.
 */
export function fitFlags(
  offload: Offload | "all" | null,
  { layers, context, kvType }: { layers: number; context: number; kvType: KvType },
): string {
  const all = Math.max(maxShorthandLayers, layers);
  const offloaded = offload === null ? 0 : offload === "all" || offload.offloaded === layers ? all : offload.offloaded;
  const experts =
    offload !== null && offload !== "all" && offload.expertsOnCpu > 0 ? [`--n-cpu-moe ${offload.expertsOnCpu}`] : [];
  const cache = kvType === "f16" ? [] : [`-ctk ${kvType} -ctv ${kvType}`];
  return [`-ngl ${offloaded}`, ...experts, `-c ${context}`, ...cache, "-fa on"].join(" ");
}
