import type { MemoryEstimate, ModelMemory } from "../memory/memory.js";
import { residentBytes } from "../memory/memory-at.js";
import { type GpuLoads, gpuLoads, type Offload } from "./gpu-loads.js";

/** How a model lies on a computer with one or more equal cards. */
export interface GpuPlacement {
  verdict: "full" | "partial" | "cpu" | "no";
  /** Null when nothing is on a card. */
  offload: Offload | null;
  /** Bytes on all cards together; what full offload would take when nothing is on a card. */
  gpuBytes: number;
  /** Bytes in the computer's memory. */
  hostBytes: number;
}

export interface GpuBudget {
  gpuCount: number;
  /** What one model may take of each card, bytes. */
  gpuBytes: number;
  /** What it may take of the computer's memory, bytes; null when nobody told. */
  hostBytes: number | null;
}

/**
 * The best way to run a model with these cards: everything on them; else, for mixtures of experts, the experts of as few
 * blocks as possible with the processor, so that every block's attention and cache stay on the card; else as many whole
 * blocks as fit; else the processor alone. Unknown memory of the computer counts as enough.
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

/** The same without using the cards. */
export function placeOnCpu(estimate: MemoryEstimate, hostRamBytes: number | null): GpuPlacement {
  const hostBytes = residentBytes(estimate);
  const verdict = hostRamBytes === null || hostBytes <= hostRamBytes ? "cpu" : "no";
  return { verdict, offload: null, gpuBytes: 0, hostBytes };
}

function fullOffload(model: ModelMemory): Offload {
  return { offloaded: model.footprint.layerBytes.length + 1, expertsOnCpu: 0 };
}

/** Splits from the best to the worst; one block is the least worth offloading. */
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
