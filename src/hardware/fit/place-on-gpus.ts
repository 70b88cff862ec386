import type { MemoryEstimate, ModelMemory } from "../memory/memory.js";
import { residentBytes } from "../memory/memory-at.js";
import { type GpuLoads, gpuLoads, type Offload } from "./gpu-loads.js";

/** Placement of a model on a computer with one or more equal GPUs. */
export interface GpuPlacement {
  verdict: "full" | "partial" | "cpu" | "no";
  /** Null without offload. */
  offload: Offload | null;
  /** Bytes on all GPUs; without offload, the bytes that full offload would need. */
  gpuBytes: number;
  /** Bytes in system memory. */
  hostBytes: number;
}

export interface GpuBudget {
  gpuCount: number;
  /** Bytes of each GPU that one model may use. */
  gpuBytes: number;
  /** Bytes of system memory that it may use; null if unknown. */
  hostBytes: number | null;
}

/**
 * Returns the best placement on these GPUs: everything offloaded; else, for mixtures of experts, the experts of as few
 * blocks as possible on the CPU, with attention and cache of all blocks on the GPU; else as many whole blocks as fit; else
 * the CPU only. Unknown system memory counts as sufficient.
 */
export function placeOnGpus(model: ModelMemory, estimate: MemoryEstimate, room: GpuBudget): GpuPlacement {
  for (const offload of offloads(model)) {
    const loads = gpuLoads(model, estimate, offload, room.gpuCount);
    if (fits(loads, room)) {
      const isFull = offload.expertsOnCpu === 0 && offload.offloaded === fullOffload(model).offloaded;
      return { verdict: isFull ? "full" : "partial", offload, gpuBytes: sum(loads.gpus), hostBytes: loads.host };
    }
  }
  const everything = gpuLoads(model, estimate, fullOffload(model), room.gpuCount);
  return { ...placeOnCpu(estimate, room.hostBytes), gpuBytes: sum(everything.gpus) };
}

/** Places a model on the CPU only. */
export function placeOnCpu(estimate: MemoryEstimate, hostRamBytes: number | null): GpuPlacement {
  const hostBytes = residentBytes(estimate);
  const verdict = hostRamBytes === null || hostBytes <= hostRamBytes ? "cpu" : "no";
  return { verdict, offload: null, gpuBytes: 0, hostBytes };
}

function fullOffload(model: ModelMemory): Offload {
  return { offloaded: model.footprint.layerBytes.length + 1, expertsOnCpu: 0 };
}

/** Offloads from best to worst, down to the output and one block. */
function* offloads(model: ModelMemory): Generator<Offload> {
  const { experts, layerBytes } = model.footprint;
  const { offloaded } = fullOffload(model);
  yield fullOffload(model);
  const expertsOnCpu = experts === null ? 0 : layerBytes.length;
  for (let kept = 1; kept <= expertsOnCpu; kept++) yield { offloaded, expertsOnCpu: kept };
  for (let fewer = offloaded - 1; fewer >= 2; fewer--) yield { offloaded: fewer, expertsOnCpu };
}

function fits(loads: GpuLoads, room: GpuBudget): boolean {
  return (
    loads.gpus.every((bytes) => bytes <= room.gpuBytes) && (room.hostBytes === null || loads.host <= room.hostBytes)
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
