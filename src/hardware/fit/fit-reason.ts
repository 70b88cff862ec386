import { formatBytes } from "../../util/bytes.js";
import type { Backend, BackendId, Catalog } from "../catalog/device.js";
import { canRun } from "../memory/memory-at.js";
import { slowTypes } from "./choose-backend.js";
import type { Placement, PlacementQuestion } from "./place-model.js";

/** Why a placement is not better than it is, and what to know about it: one sentence, or null. */
export function fitReason(question: PlacementQuestion, placement: Placement): string | null {
  const { model, kvType } = question;
  if (!canRun(model, { kvType, flashAttention: true })) return `llama.cpp cannot run this model with a ${kvType} cache`;
  const remarks = [
    ...typeRemark(question.backends, placement),
    ...memoryRemark(question, placement),
    ...slowRemark(question, placement),
    ...contextRemark(question),
  ];
  return remarks.length === 0 ? null : remarks.join("; ");
}

/** How people call a backend. */
export function backendName(backends: Catalog["backends"], id: BackendId): string {
  const known: Backend | undefined = backends.get(id);
  return known?.name ?? id;
}

function typeRemark(backends: Catalog["backends"], { passedOver, backend, verdict }: Placement): string[] {
  return passedOver.map(({ backend: without, types }, index) => {
    const last = index === passedOver.length - 1 && verdict !== "no";
    const instead = last ? `, so ${backendName(backends, backend)} does` : "";
    return `${backendName(backends, without)} cannot compute ${types.join(", ")}${instead}`;
  });
}

function memoryRemark({ device, hostRamBytes }: PlacementQuestion, placement: Placement): string[] {
  const { verdict, limit, neededBytes, budgetBytes, hostBytes } = placement;
  if (verdict === "full" || (limit === "type" && verdict !== "partial")) return computerRemark(placement, hostRamBytes);
  const short = `it needs ${formatBytes(neededBytes)}, and one model may take ${formatBytes(budgetBytes)}`;
  if (device.memory.kind === "unified") return [short];
  const where = device.memory.cards === 1 ? "of the card" : `of ${device.memory.cards} cards`;
  if (verdict === "partial") return [offloadRemark(placement), ...computerRemark(placement, hostRamBytes)];
  if (verdict === "cpu") return [`${short} ${where}`, ...computerRemark(placement, hostRamBytes)];
  const has = `the computer has ${formatBytes(hostRamBytes ?? 0)}`;
  return [`${short} ${where}`, `the processor alone needs ${formatBytes(hostBytes)}, and ${has}`];
}

/** Catalogs tell the card's memory; that of the computer beside it is the reader's to know. */
function computerRemark({ verdict, hostBytes }: Placement, hostRamBytes: number | null | undefined): string[] {
  if (hostBytes === 0 || verdict === "full" || verdict === "no" || typeof hostRamBytes === "number") return [];
  return [`the computer must have ${formatBytes(hostBytes)} of memory free, which is not in the catalog`];
}

function offloadRemark({ offload, layers }: Placement): string {
  if (offload === null || offload === "all") return "";
  const onGpu = `${offload.offloaded} of ${layers} layers fit on the card`;
  if (offload.expertsOnCpu === 0) return onGpu;
  const experts = `the experts of the first ${offload.expertsOnCpu} blocks stay with the processor`;
  return offload.offloaded === layers ? experts : `${onGpu}, and ${experts}`;
}

function slowRemark({ model, backends }: PlacementQuestion, { backend, verdict }: Placement): string[] {
  if (verdict === "no") return [];
  const { types, share } = slowTypes(model.footprint, backends.get(backend));
  if (types.length === 0) return [];
  const percent = share < 0.01 ? "less than 1" : String(Math.round(share * 100));
  const verb = types.length === 1 ? "runs below the speed of its size" : "run below the speed of their size";
  return [`${types.join(", ")} (${percent} % of the weights) ${verb} on ${backendName(backends, backend)}`];
}

function contextRemark({ model, context }: PlacementQuestion): string[] {
  const trained = model.footprint.trainedContext;
  return trained === null || context <= trained ? [] : [`the model was trained on ${trained} tokens of context`];
}
