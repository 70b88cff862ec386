import { type Verdict, verdicts } from "../compatibility.js";
import type { KvType } from "../memory/memory.js";
import { largestContextWhere } from "../memory/memory-at.js";
import { type PlacementRequest, placeModel } from "./place-model.js";

/**
 * Returns the largest context at which a model has `verdict` or a better one on a device; null if there is none. It is a
 * multiple of 256 tokens, as llama.cpp allocates, or the trained context, which is the maximum.
 */
export function largestContext(
  request: Omit<PlacementRequest, "kvType">,
  kvType: KvType,
  verdict: Verdict,
): number | null {
  const rank = verdicts.indexOf(verdict);
  const fits = (context: number) => verdicts.indexOf(placeModel({ ...request, kvType, context }).verdict) <= rank;
  return largestContextWhere(contextCap(request), fits);
}

/** The trained context; if unknown, the largest simulated or requested one. */
function contextCap({ model, context }: Pick<PlacementRequest, "model" | "context">): number {
  const simulated = Math.max(context, ...model.estimates.map((estimate) => estimate.context));
  return model.footprint.trainedContext ?? simulated;
}
