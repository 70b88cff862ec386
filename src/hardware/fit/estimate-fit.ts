import type { Device } from "../catalog/device.js";
import type { FitResult } from "../compatibility.js";
import { kvTypes } from "../memory/memory.js";
import { fitSpeed, offloadedLayers } from "../speed/fit-speed.js";
import type { SpeedConstants } from "../speed/speed-constants.js";
import { largestContext } from "./fit-context.js";
import { fitFlags } from "./fit-flags.js";
import { fitReason } from "./fit-reason.js";
import { type PlacementQuestion, placeModel } from "./place-model.js";

export interface FitQuestion extends PlacementQuestion {
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
export function estimateFit(question: FitQuestion): FitResult {
  const { variant, device, context, kvType } = question;
  const placement = placeModel(question);
  const { verdict, limit, backend, offload, dirtyBytes, residentBytes, hostBytes } = placement;
  // For `no`, the maximum is the largest context at which the variant runs at all.
  const kept = verdict === "no" ? "cpu" : verdict;
  const maximum = kvTypes.map((type) => [type, largestContext(question, type, kept)] as const);
  return {
    variant,
    device: device.id,
    backend,
    context,
    kvType,
    verdict,
    limit,
    reason: fitReason(question, placement),
    layers: offloadedLayers(placement),
    maximumContext: Object.fromEntries(maximum) as FitResult["maximumContext"],
    dirtyBytes,
    residentBytes,
    hostBytes,
    ...fitSpeed(question, placement, question.speed ?? null),
    flags: fitFlags(offload, { layers: placement.layers, context, kvType }),
  };
}
