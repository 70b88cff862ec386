import type { Device } from "../catalog/device.js";
import type { FitResult } from "../compatibility.js";
import { kvTypes } from "../memory/memory.js";
import { fitSpeed, offloadedLayers } from "../speed/fit-speed.js";
import type { SpeedConstants } from "../speed/speed-constants.js";
import { largestContext } from "./fit-context.js";
import { fitFlags } from "./fit-flags.js";
import { fitReason } from "./fit-reason.js";
import { type PlacementRequest, placeModel } from "./place-model.js";

export interface FitRequest extends PlacementRequest {
  /** Name of the variant in the result. */
  variant: string;
  device: Device;
  /** Constants for decode and prefill speeds; null omits speeds. */
  speed?: SpeedConstants | null;
}

/**
 * Estimates whether, how and how fast one variant runs on one device at one context. Pure: device figures are from the
 * catalog, model figures from llama.cpp. The maximum context of a variant that does not run is the largest at which it
 * would run.
 */
export function estimateFit(request: FitRequest): FitResult {
  const { variant, device, context, kvType } = request;
  const placement = placeModel(request);
  const { verdict, limit, backend, offload, dirtyBytes, residentBytes, hostBytes } = placement;
  // For `no`, the maximum is the largest context at which the variant runs at all.
  const kept = verdict === "no" ? "cpu" : verdict;
  const maximum = kvTypes.map((type) => [type, largestContext(request, type, kept)] as const);
  return {
    variant,
    device: device.id,
    backend,
    context,
    kvType,
    verdict,
    limit,
    reason: fitReason(request, placement),
    layers: offloadedLayers(placement),
    maximumContext: Object.fromEntries(maximum) as FitResult["maximumContext"],
    dirtyBytes,
    residentBytes,
    hostBytes,
    ...fitSpeed(request, placement, request.speed ?? null),
    flags: fitFlags(offload, { layers: placement.layers, context, kvType }),
  };
}
