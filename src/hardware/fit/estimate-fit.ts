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
  /** Name of the variant, for the result. */
  variant: string;
  device: Device;
  /** What decode and prefill speeds are reckoned with; null tells none. */
  speed?: SpeedConstants | null;
}

/**
 * Whether, how and how fast one variant runs on one device at one context. Pure; every figure of the device is the
 * catalog's, every figure of the model llama.cpp's own. The maximum context of a variant that does not run is the
 * largest at which it would.
 */
export function estimateFit(question: FitQuestion): FitResult {
  const { variant, device, context, kvType } = question;
  const placement = placeModel(question);
  const { verdict, limit, backend, offload, dirtyBytes, residentBytes, hostBytes } = placement;
  // Asking for any context at which the processor manages is asking whether it runs at all.
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
