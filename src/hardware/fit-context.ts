import { type Verdict, verdicts } from "./compatibility.js";
import type { KvType } from "./memory.js";
import { contextSteps } from "./memory-at.js";
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
  const { count, contextOf } = contextSteps(contextCap(question));
  const holds = (steps: number) =>
    verdicts.indexOf(placeModel({ ...question, kvType, context: contextOf(steps) }).verdict) <= rank;
  let low = 0;
  let high = count;
  if (high > 0 && holds(high)) return contextOf(high);
  // Memory only grows with the context: the answer is at or above `low`, and below `high`.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low === 0 ? null : contextOf(low);
}

/** Where nobody knows what a model was trained on, no more than was simulated, or asked about. */
function contextCap({ model, context }: Pick<PlacementQuestion, "model" | "context">): number {
  const simulated = Math.max(context, ...model.estimates.map((estimate) => estimate.context));
  return model.footprint.trainedContext ?? simulated;
}
