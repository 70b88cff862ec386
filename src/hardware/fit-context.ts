import { type Verdict, verdicts } from "./compatibility.js";
import type { KvType } from "./memory.js";
import { contextStep } from "./memory-at.js";
import { type PlacementQuestion, placeModel } from "./place-model.js";

/**
 * The largest context at which a model lies on a device as well as `verdict` says, or better; null when none does. A
 * multiple of 256 tokens, as llama.cpp allocates, and never more than the model was trained on.
 */
export function largestContext(
  question: Omit<PlacementQuestion, "context" | "kvType">,
  kvType: KvType,
  verdict: Verdict,
): number | null {
  const rank = verdicts.indexOf(verdict);
  const holds = (steps: number) =>
    verdicts.indexOf(placeModel({ ...question, kvType, context: steps * contextStep }).verdict) <= rank;
  let low = 0;
  let high = Math.floor(contextCap(question) / contextStep);
  if (high > 0 && holds(high)) return high * contextStep;
  // Memory only grows with the context: the answer is at or above `low`, and below `high`.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low === 0 ? null : low * contextStep;
}

/** Where nobody knows what a model was trained on, no more than was simulated. */
function contextCap({ model }: Pick<PlacementQuestion, "model">): number {
  const simulated = Math.max(0, ...model.estimates.map(({ context }) => context));
  return model.footprint.trainedContext ?? simulated;
}
