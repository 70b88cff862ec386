import type { BackendId, Catalog, Device } from "../catalog/device.js";
import type { Limit, Verdict } from "../compatibility.js";
import type { KvType, MemoryEstimate, ModelMemory } from "../memory/memory.js";
import { canRun, memoryAt, peakBytes, residentBytes } from "../memory/memory-at.js";
import { repackedBytes } from "../memory/repacked.js";
import { type BackendChoice, chooseBackend, isCpuBackend } from "./choose-backend.js";
import type { Offload } from "./gpu-loads.js";
import { placeOnCpu, placeOnGpus } from "./place-on-gpus.js";

/** The properties of a device that determine a placement. */
export type DeviceTraits = Pick<Device, "id" | "class" | "memory" | "budget" | "backends">;

export interface PlacementRequest {
  model: ModelMemory;
  device: DeviceTraits;
  /** The catalog's backends, with their support of tensor types. */
  backends: Catalog["backends"];
  /** Restricts the placement to this backend; default: all of the device's, best first. */
  backend?: BackendId;
  /** Tokens. */
  context: number;
  kvType: KvType;
  /** System memory that the model may use besides a GPU, bytes; null if unknown. */
  hostRamBytes?: number | null;
}

/** Placement of a model on a device, and the limit that prevents a better one. Bytes. */
export interface Placement {
  verdict: Verdict;
  limit: Limit | null;
  backend: BackendId;
  /** Better backends that do not support a type of the file. */
  passedOver: BackendChoice["passedOver"];
  /** Layers on the GPUs; `all` for a GPU backend in unified memory; null on the CPU. */
  offload: Offload | "all" | null;
  /** Number of blocks, where the output counts as one more. */
  layers: number;
  /** Needed bytes of the limited memory and its budget; over all GPUs. */
  neededBytes: number;
  budgetBytes: number;
  dirtyBytes: number;
  residentBytes: number;
  /** System memory besides the GPUs; 0 in unified memory. */
  hostBytes: number;
}

/**
 * Places a model on a device. In unified memory, all resident bytes must fit the budget, including mapped weights:
 * otherwise the system would read them again for every token. For discrete GPUs, see `placeOnGpus`. Backends that do not
 * support a type of the file are skipped.
 */
export function placeModel(request: PlacementRequest): Placement {
  const { model, device, context, kvType } = request;
  const runs = canRun(model, { kvType, flashAttention });
  const estimate = memoryAt(model, { context, kvType: runs ? kvType : "f16", flashAttention });
  const choice = chooseBackend(model.footprint, device, request.backends, request.backend);
  const placement =
    device.memory.kind === "unified"
      ? placeInUnifiedMemory(request, estimate, choice)
      : placeOnDiscreteGpus(request, estimate, choice);
  return runs ? placement : { ...placement, verdict: "no", limit: "type", offload: null };
}

/** llama.cpp enables it automatically if possible, and a quantized cache requires it. */
const flashAttention = true;

function placeInUnifiedMemory(
  { device, model }: PlacementRequest,
  estimate: MemoryEstimate,
  choice: BackendChoice,
): Placement {
  const [first] = device.backends;
  const backend = choice.backend ?? first ?? "cpu-x86";
  // GPU drivers allocate whole buffers; on the CPU only touched pages count.
  const needed = isCpuBackend(backend) ? residentBytes(estimate) : peakBytes(estimate);
  const memory = {
    backend,
    passedOver: choice.passedOver,
    layers: layerCount(model),
    neededBytes: needed,
    budgetBytes: device.budget.value,
    dirtyBytes: needed - mappedBytes(model, estimate, backend),
    residentBytes: needed,
    hostBytes: 0,
  };
  if (choice.backend === null) return { ...memory, verdict: "no", limit: "type", offload: null };
  if (needed > device.budget.value) {
    return { ...memory, verdict: "no", limit: memoryLimit(device, needed), offload: null };
  }
  const limit = choice.passedOver.length > 0 ? "type" : null;
  const verdict = isCpuBackend(backend) && backend !== first ? "cpu" : "full";
  return { ...memory, verdict, limit, offload: isCpuBackend(backend) ? null : "all" };
}

/** `memory` if the model exceeds the physical memory, `os` if it exceeds only the system's limit. */
function memoryLimit(device: DeviceTraits, needed: number): Limit {
  if (needed > device.memory.bytes.value) return "memory";
  return device.class === "phone" || device.budget.basis === "os-rule" ? "os" : "memory";
}

function placeOnDiscreteGpus(request: PlacementRequest, estimate: MemoryEstimate, choice: BackendChoice): Placement {
  const { model, device } = request;
  const { cards: gpuCount } = device.memory;
  const hostBytes = request.hostRamBytes ?? null;
  const gpuBackend = choice.backend === null || isCpuBackend(choice.backend) ? null : choice.backend;
  const placed =
    gpuBackend === null
      ? placeOnCpu(estimate, hostBytes)
      : placeOnGpus(model, estimate, { gpuCount, gpuBytes: device.budget.value, hostBytes });
  const onGpus = placed.offload !== null;
  const backend = onGpus && gpuBackend !== null ? gpuBackend : cpuBackendOf(device);
  const limit = placed.verdict === "no" ? "memory" : choice.passedOver.length > 0 ? "type" : null;
  return {
    verdict: placed.verdict,
    limit: limit ?? (placed.verdict === "full" ? null : "memory"),
    backend,
    passedOver: choice.passedOver,
    offload: placed.offload,
    layers: layerCount(model),
    neededBytes: placed.gpuBytes,
    budgetBytes: device.budget.value * gpuCount,
    dirtyBytes: onGpus ? placed.gpuBytes : placed.hostBytes - mappedBytes(model, estimate, backend),
    residentBytes: onGpus ? placed.gpuBytes : placed.hostBytes,
    hostBytes: placed.hostBytes,
  };
}

/** Weights mapped from the file, whose pages the system can drop and read again. */
function mappedBytes({ footprint }: ModelMemory, { weightsBytes }: MemoryEstimate, backend: BackendId): number {
  return Math.max(0, weightsBytes - repackedBytes(footprint, backend));
}

/** Number of blocks plus one for the output, as counted by `-ngl`. */
function layerCount(model: ModelMemory): number {
  return model.footprint.layerBytes.length + 1;
}

/** The device's CPU backend; default x86, because the catalog may omit the CPU of discrete GPUs. */
function cpuBackendOf(device: DeviceTraits): BackendId {
  return device.backends.find(isCpuBackend) ?? "cpu-x86";
}
