import type { BackendId, Catalog, Device } from "../catalog/device.js";
import type { Limit, Verdict } from "../compatibility.js";
import type { KvType, MemoryEstimate, ModelMemory } from "../memory/memory.js";
import { canRun, memoryAt, peakBytes, residentBytes } from "../memory/memory-at.js";
import { repackedBytes } from "../memory/repacked.js";
import { type BackendChoice, chooseBackend, isCpuBackend } from "./choose-backend.js";
import type { Offload } from "./gpu-loads.js";
import { placeOnCpu, placeOnGpus } from "./place-on-gpus.js";

/** What of a device decides where a model lies on it. */
export type DeviceTraits = Pick<Device, "id" | "class" | "memory" | "budget" | "backends">;

export interface PlacementQuestion {
  model: ModelMemory;
  device: DeviceTraits;
  /** What the catalog knows of tensor types. */
  backends: Catalog["backends"];
  /** Look at this backend only; default: the device's, from the best. */
  backend?: BackendId;
  /** Tokens. */
  context: number;
  kvType: KvType;
  /** What the model may take of the computer's memory beside a card, bytes; null when nobody told. */
  hostRamBytes?: number | null;
}

/** Where a model lies on a device, and what keeps it from lying better. Bytes. */
export interface Placement {
  verdict: Verdict;
  limit: Limit | null;
  backend: BackendId;
  /** Better backends that lack a type of the file. */
  passedOver: BackendChoice["passedOver"];
  /** What is on the cards; `all` where there is one memory and a graphics backend; null on the processor. */
  offload: Offload | "all" | null;
  /** Blocks, and the output as one more. */
  layers: number;
  /** What of the limited memory is needed, and what one model may take of it; on all cards together. */
  neededBytes: number;
  budgetBytes: number;
  dirtyBytes: number;
  residentBytes: number;
  /** Memory of the computer beside the cards; 0 where there is one memory. */
  hostBytes: number;
}

/**
 * Where a model lies on a device. One memory: all that is resident has to stay within the budget, mapped weights
 * included, because a system that has to read them again for every token does not "run" a model. Cards: see
 * `placeOnGpus`. A backend that lacks a type of the file is passed over for the device's next.
 */
export function placeModel(question: PlacementQuestion): Placement {
  const { model, device, context, kvType } = question;
  const runs = canRun(model, { kvType, flashAttention });
  const estimate = memoryAt(model, { context, kvType: runs ? kvType : "f16", flashAttention });
  const choice = chooseBackend(model.footprint, device, question.backends, question.backend);
  const placement =
    device.memory.kind === "unified"
      ? placeInUnifiedMemory(question, estimate, choice)
      : placeOnDiscreteGpus(question, estimate, choice);
  return runs ? placement : { ...placement, verdict: "no", limit: "type", offload: null };
}

/** llama.cpp switches it on by itself where it can, and a quantized cache needs it. */
const flashAttention = true;

function placeInUnifiedMemory(
  { device, model }: PlacementQuestion,
  estimate: MemoryEstimate,
  choice: BackendChoice,
): Placement {
  const [first] = device.backends;
  const backend = choice.backend ?? first ?? "cpu-x86";
  // Graphics drivers take the whole of a buffer, processors what is touched of it.
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

/** More than there is fails anywhere; less than that, and more than the system grants, is the system's doing. */
function memoryLimit(device: DeviceTraits, needed: number): Limit {
  if (needed > device.memory.bytes.value) return "memory";
  return device.class === "phone" || device.budget.basis === "os-rule" ? "os" : "memory";
}

function placeOnDiscreteGpus(question: PlacementQuestion, estimate: MemoryEstimate, choice: BackendChoice): Placement {
  const { model, device } = question;
  const { cards: gpuCount } = device.memory;
  const hostBytes = question.hostRamBytes ?? null;
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

/** Weights that stay pages of the file, which a system may drop and read again. */
function mappedBytes({ footprint }: ModelMemory, { weightsBytes }: MemoryEstimate, backend: BackendId): number {
  return Math.max(0, weightsBytes - repackedBytes(footprint, backend));
}

/** Blocks, and the output as one more: what `-ngl` counts. */
function layerCount(model: ModelMemory): number {
  return model.footprint.layerBytes.length + 1;
}

/** Catalogs of cards need not name the processor beside them. */
function cpuBackendOf(device: DeviceTraits): BackendId {
  return device.backends.find(isCpuBackend) ?? "cpu-x86";
}
