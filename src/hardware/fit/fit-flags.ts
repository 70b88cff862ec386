import type { KvType } from "../memory/memory.js";
import type { Offload } from "./gpu-loads.js";

/** Blocks and output of any model up to this many are `-ngl 99`, as people write it. */
const maxShorthandLayers = 99;

/**
 * llama.cpp's flags for a placement (common/arg.cpp). Flash attention is asked for because the memory was estimated with
 * it, and because a q8_0 cache needs it. `offload` is null on the processor, `all` where one memory is shared.
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
