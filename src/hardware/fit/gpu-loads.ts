import type { MemoryEstimate, ModelMemory } from "../memory/memory.js";

/** What goes to the cards; the rest stays with the processor. */
export interface Offload {
  /** Blocks from the last, the output being the first of them; at least 1. */
  offloaded: number;
  /** The experts of so many blocks, from the first, stay with the processor (`--n-cpu-moe`). */
  expertsOnCpu: number;
}

/** Bytes that a split puts on each card, and into the computer's memory. */
export interface GpuLoads {
  gpus: number[];
  host: number;
}

/**
 * The bytes of a split, by llama.cpp's own rules (`load_tensors` in src/llama-model.cpp): of n blocks and the output,
 * the last `offloaded` go to the cards, item i of them to card ⌊i · cards / offloaded⌋ (equal cards); the token
 * embedding stays with the processor. Every card in use has a compute buffer, and the computer has one.
 */
export function gpuLoads(model: ModelMemory, estimate: MemoryEstimate, offload: Offload, gpuCount: number): GpuLoads {
  const { layerBytes, expertBytes, hostBytes, outputBytes } = model.footprint;
  const { offloaded, expertsOnCpu } = offload;
  const first = layerBytes.length + 1 - offloaded;
  const weights = Array.from({ length: gpuCount }, () => 0);
  const blocks = Array.from({ length: gpuCount }, () => 0);
  const gpuOf = (item: number) => Math.floor(((item - first) * gpuCount) / offloaded);
  let hostWeights = hostBytes;
  let largestHostPart = 0;
  for (const [index, bytes] of layerBytes.entries()) {
    const kept = index < first ? bytes : index < expertsOnCpu ? (expertBytes[index] ?? 0) : 0;
    hostWeights += kept;
    largestHostPart = Math.max(largestHostPart, kept);
    if (index >= first) {
      add(weights, gpuOf(index), bytes - kept);
      add(blocks, gpuOf(index), 1);
    }
  }
  add(weights, gpuOf(layerBytes.length), outputBytes);
  // A projector goes to the first device that is not the processor (tools/mtmd/clip.cpp).
  add(weights, 0, estimate.projectorBytes);
  // Long prompts are computed on the card even where weights stay with the processor: the scheduler copies one weight
  // at a time (ggml_backend_sched_split_graph), which the largest part of a block bounds.
  const working = estimate.computeBytes + largestHostPart;
  const cache = cacheShare(model, estimate);
  return {
    // With fewer items than cards, those in use are not the first ones: two items on four cards lie on the first and third.
    gpus: weights.map((bytes, gpu) => (bytes === 0 ? 0 : bytes + cache(blocks[gpu] ?? 0) + working)),
    host: hostWeights + cache(first) + estimate.computeBytes + estimate.overheadBytes,
  };
}

function add(sums: number[], index: number, bytes: number): void {
  sums[index] = (sums[index] ?? 0) + bytes;
}

/** One block in sixteen with a full cache is rarer than in any architecture that llama.cpp knows. */
const rarestFullBlock = 16;

/**
 * Bytes of KV cache for a number of blocks in a row. Where the cache grows in step with the context, all blocks have
 * the same part; else some have sliding windows or recurrent states, and the blocks may be those with a full cache.
 */
function cacheShare(model: ModelMemory, estimate: MemoryEstimate): (blocks: number) => number {
  const total = model.footprint.layerBytes.length;
  const more = growsEvenly(model, estimate) ? 0 : rarestFullBlock - 1;
  return (blocks) => (blocks === 0 ? 0 : Math.ceil(estimate.kvBytes * Math.min(1, (blocks + more) / total)));
}

function growsEvenly(model: ModelMemory, { kvType }: MemoryEstimate): boolean {
  // llama.cpp rounds a context up to 256 tokens.
  const points = model.estimates.filter((point) => point.kvType === kvType && point.context % 256 === 0);
  const [first, ...others] = points;
  if (first === undefined || others.every(({ context }) => context === first.context)) return false;
  const perToken = first.kvBytes / first.context;
  return others.every(({ kvBytes, context }) => Math.abs(kvBytes / context - perToken) <= perToken * 1e-6);
}
