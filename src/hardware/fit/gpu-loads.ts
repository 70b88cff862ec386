import type { MemoryEstimate, ModelMemory } from "../memory/memory.js";

/** Layers and experts on the GPUs; the rest stays on the CPU. */
export interface Offload {
  /** Offloaded layers, counted backwards from the output; at least 1. */
  offloaded: number;
  /** Number of blocks, from the first, whose experts stay on the CPU (`--n-cpu-moe`). */
  expertsOnCpu: number;
}

/** Bytes on each GPU and in system memory. */
export interface GpuLoads {
  gpus: number[];
  host: number;
}

/**
 * Returns the bytes of an offload by llama.cpp's rules (`load_tensors` in src/llama-model.cpp): of n blocks and the
 * output, the last `offloaded` are on the GPUs, item i of them on GPU ⌊i · GPUs / offloaded⌋ (equal GPUs); the token
 * embedding stays on the CPU. Each GPU in use and the CPU have a compute buffer.
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
  // A projector is on the first device that is not the CPU (tools/mtmd/clip.cpp).
  add(weights, 0, estimate.projectorBytes);
  // Long prompts are computed on the GPU even for weights on the CPU: the scheduler copies one weight at a time
  // (ggml_backend_sched_split_graph). The largest CPU part of a block is an upper bound of that copy.
  const working = estimate.computeBytes + largestHostPart;
  const cache = cacheShare(model, estimate);
  return {
    // With fewer items than GPUs, those in use are not the first ones: two items on four GPUs are on the first and third.
    gpus: weights.map((bytes, gpu) => (bytes === 0 ? 0 : bytes + cache(blocks[gpu] ?? 0) + working)),
    host: hostWeights + cache(first) + estimate.computeBytes + estimate.overheadBytes,
  };
}

function add(sums: number[], index: number, bytes: number): void {
  sums[index] = (sums[index] ?? 0) + bytes;
}

/** In all architectures of llama.cpp, more than one block in sixteen has a full cache. */
const rarestFullBlock = 16;

/**
 * Returns the bytes of KV cache for a number of consecutive blocks. If the cache grows linearly with the context, all
 * blocks have the same share; else some have sliding windows or recurrent states, and the given blocks may be those with a full cache.
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
