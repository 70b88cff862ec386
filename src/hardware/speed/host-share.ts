import type { FitResult } from "../compatibility.js";
import type { Footprint } from "../memory/memory.js";

/**
 * Returns the share of a token's work on the CPU, 0 to 1: of the blocks, and of the weights read.
 * llama.cpp offloads the output first and then blocks from the last to the first; `expertsOnCpu` counts from the first.
 */
export function hostShare(footprint: Footprint, layers: FitResult["layers"]): { layers: number; bytes: number } {
  if (layers === null) return { layers: 0, bytes: 0 };
  const blocks = footprint.layerBytes.length;
  const onHost = Math.min(blocks, Math.max(0, layers.total - layers.offloaded));
  const { count, used } = footprint.experts ?? { count: 1, used: 1 };
  let bytes = layers.offloaded === 0 ? footprint.outputBytes : 0;
  footprint.layerBytes.forEach((all, block) => {
    const experts = footprint.expertBytes[block] ?? 0;
    if (block < onHost) bytes += all - experts;
    if (block < Math.max(onHost, layers.expertsOnCpu)) bytes += (experts * used) / count;
  });
  return { layers: blocks === 0 ? 0 : onHost / blocks, bytes: Math.min(1, bytes / footprint.activeBytes) };
}
