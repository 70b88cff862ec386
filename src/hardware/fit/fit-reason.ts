import { formatBytes } from "../../util/bytes.js";
import type { Backend, BackendId, Catalog } from "../catalog/device.js";
import { canRun } from "../memory/memory-at.js";
import { slowTypes } from "./choose-backend.js";
import type { Placement, PlacementRequest } from "./place-model.js";

/** Explains a placement's verdict and limitations in one sentence; null if there are none. */
export function fitReason(request: PlacementRequest, placement: Placement): string | null {
  const { model, kvType } = request;
  if (!canRun(model, { kvType, flashAttention: true }))
    return `llama.cpp does not support a ${kvType} KV cache for this model`;
  const remarks = [
    ...typeRemark(request.backends, placement),
    ...memoryRemark(request, placement),
    ...slowRemark(request, placement),
    ...contextRemark(request),
  ];
  return remarks.length === 0 ? null : remarks.join("; ");
}

/** Returns the display name of a backend. */
function backendName(backends: Catalog["backends"], id: BackendId): string {
  const known: Backend | undefined = backends.get(id);
  return known?.name ?? id;
}

function typeRemark(backends: Catalog["backends"], { passedOver, backend, verdict }: Placement): string[] {
  return passedOver.map(({ backend: without, types }, index) => {
    const last = index === passedOver.length - 1 && verdict !== "no";
    const instead = last ? `, so the model runs on ${backendName(backends, backend)}` : "";
    return `${backendName(backends, without)} does not support ${types.join(", ")}${instead}`;
  });
}

function memoryRemark({ device, hostRamBytes }: PlacementRequest, placement: Placement): string[] {
  const { verdict, limit, neededBytes, budgetBytes, hostBytes } = placement;
  if (verdict === "full" || (limit === "type" && verdict !== "partial")) return computerRemark(placement, hostRamBytes);
  const short = `it needs ${formatBytes(neededBytes)}, but the budget for one model is ${formatBytes(budgetBytes)}`;
  if (device.memory.kind === "unified") return [short];
  const where = device.memory.cards === 1 ? "on the GPU" : `on ${device.memory.cards} GPUs`;
  if (verdict === "partial") return [offloadRemark(placement), ...computerRemark(placement, hostRamBytes)];
  if (verdict === "cpu") return [`${short} ${where}`, ...computerRemark(placement, hostRamBytes)];
  const has = `only ${formatBytes(hostRamBytes ?? 0)} of system memory is available`;
  return [`${short} ${where}`, `on the CPU it needs ${formatBytes(hostBytes)}, but ${has}`];
}

/** The required system memory, if its size is unknown: the catalog contains only the memory of the GPU. */
function computerRemark({ verdict, hostBytes }: Placement, hostRamBytes: number | null | undefined): string[] {
  if (hostBytes === 0 || verdict === "full" || verdict === "no" || typeof hostRamBytes === "number") return [];
  return [
    `it also needs ${formatBytes(hostBytes)} of free system memory; the catalog does not list the system memory of this device`,
  ];
}

function offloadRemark({ offload, layers }: Placement): string {
  if (offload === null || offload === "all") return "";
  const onGpu = `${offload.offloaded} of ${layers} layers fit on the GPU`;
  if (offload.expertsOnCpu === 0) return onGpu;
  const experts = `the experts of the first ${offload.expertsOnCpu} blocks stay on the CPU`;
  return offload.offloaded === layers ? experts : `${onGpu}, and ${experts}`;
}

function slowRemark({ model, backends }: PlacementRequest, { backend, verdict }: Placement): string[] {
  if (verdict === "no") return [];
  const { types, share } = slowTypes(model.footprint, backends.get(backend));
  if (types.length === 0) return [];
  const percent = share < 0.01 ? "less than 1" : String(Math.round(share * 100));
  const verb = types.length === 1 ? "runs slowly for its size" : "run slowly for their size";
  return [`${types.join(", ")} (${percent} % of the weights) ${verb} on ${backendName(backends, backend)}`];
}

function contextRemark({ model, context }: PlacementRequest): string[] {
  const trained = model.footprint.trainedContext;
  return trained === null || context <= trained ? [] : [`the model was trained with a context of ${trained} tokens`];
}
