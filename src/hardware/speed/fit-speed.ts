import type { Device } from "../catalog/device.js";
import type { FitResult, SpeedRange } from "../compatibility.js";
import type { Placement, PlacementRequest } from "../fit/place-model.js";
import type { MemoryEstimate } from "../memory/memory.js";
import { memoryAt } from "../memory/memory-at.js";
import { prefillSpeed } from "./prefill-speed.js";
import { decodeSpeed } from "./speed.js";
import type { SpeedConstants } from "./speed-constants.js";

/** A placement request with the catalog's whole device. */
type SpeedFitRequest = PlacementRequest & { device: Device };
type Speed = Pick<FitResult, "decode" | "prefill" | "sustained" | "energyPerToken" | "batteryPer1kTokens">;

const nothing: Speed = { decode: null, prefill: null, sustained: null, energyPerToken: null, batteryPer1kTokens: null };

/**
 * Estimates the speed of a placed model: decode from a full to an empty cache, prefill if everything is on the device, and
 * the catalog's figures for sustained load and battery. All null if the model does not run.
 */
export function fitSpeed(request: SpeedFitRequest, placement: Placement, constants: SpeedConstants | null): Speed {
  if (placement.verdict === "no") return nothing;
  const { device, model, context, kvType } = request;
  const { retention, energyPerToken, batteryPer1kTokens } = device.sustained;
  const endurance = { sustained: retention, energyPerToken, batteryPer1kTokens };
  if (constants === null) return { ...nothing, ...endurance };
  const { footprint } = model;
  const { backend } = placement;
  const estimate = memoryAt(model, { context, kvType, flashAttention: true });
  const prefill = placement.verdict === "full" ? prefillSpeed({ footprint, device, backend, constants }) : null;
  return { ...endurance, prefill, decode: decodeRange(request, placement, estimate, constants) };
}

function decodeRange(
  { model: { footprint }, device }: SpeedFitRequest,
  placement: Placement,
  { kvBytes }: MemoryEstimate,
  constants: SpeedConstants,
): SpeedRange | null {
  const layers = offloadedLayers(placement);
  const at = (kvReadBytes: number) =>
    decodeSpeed({ footprint, kvReadBytes, device, backend: placement.backend, constants, layers });
  const [full, empty] = [at(kvBytes), at(0)];
  return full === null || empty === null ? null : { ...full, high: empty.high };
}

/** Returns the offloaded layers of a placement for a `FitResult`. */
export function offloadedLayers({ offload, layers: total }: Placement): FitResult["layers"] {
  if (offload === null) return null;
  if (offload === "all") return { offloaded: total, total, expertsOnCpu: 0 };
  return { ...offload, total };
}
