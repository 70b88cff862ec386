import { type Verdict, verdicts } from "../compatibility.js";
import type { KvType } from "../memory/memory.js";
import { largestContextWhere } from "../memory/memory-at.js";
import { type PlacementQuestion, placeModel } from "./place-model.js";

/**
 * The largest context at which a model lies on a device as well as `verdict` says, or better; null when none does. A
 * multiple of 256 tokens, as llama.cpp allocates, or what the model was trained on, which is never exceeded.
 */
export function largestContext(
  question: Omit<PlacementQuestion, "kvType">,
  kvType: KvType,
  verdict: Verdict,
): number | null {
  const rank = verdicts.indexOf(verdict);
  const fits = (context: number) => verdicts.indexOf(placeModel({ ...question, kvType, context }).verdict) <= rank;
  return largestContextWhere(contextCap(question), fits);
}

/** Where nobody knows what a model was trained on, no more than was simulated, or asked about. */
function contextCap({ model, context }: Pick<PlacementQuestion, "model" | "context">): number {
  const simulated = Math.max(context, ...model.estimates.map((estimate) => estimate.context));
  return model.footprint.trainedContext ?? simulated;
}
