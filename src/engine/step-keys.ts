import { dependencies, type Plan, type Step } from "../plan/plan.js";
import { type KeyedStep, type KeyFacts, keyStep } from "./fingerprint.js";
import type { StepRecord } from "./record.js";

type Records = ReadonlyMap<string, StepRecord>;

/** Keys of the finished steps, by step id. */
export function recordKeys(records: Records): Map<string, string> {
  return new Map([...records].map(([id, record]) => [id, record.key]));
}

/** Returns all steps of a plan by id, in its order, with their keys if every step succeeds. */
export function keyPlan(plan: Pick<Plan, "steps"> & KeyFacts): ReadonlyMap<string, KeyedStep> {
  const keyed = new Map<string, KeyedStep>();
  const keys = new Map<string, string>();
  for (const step of plan.steps) {
    const settled = keyStep(step, plan, keys);
    keyed.set(step.id, settled);
    keys.set(step.id, settled.key);
  }
  return keyed;
}

/**
 * Returns a step with its final key, once all steps it reads from have ended. The key changes from the planned one only
 * if an optional input is missing, here or in a step it reads from.
 */
export function settleStep(
  step: Step,
  { plan, keyed, records }: { plan: KeyFacts; keyed: ReadonlyMap<string, KeyedStep>; records: Records },
): KeyedStep {
  const planned = keyed.get(step.id);
  const asPlanned = dependencies(step).every(({ id }) => records.get(id)?.key === keyed.get(id)?.key);
  return planned !== undefined && asPlanned ? planned : keyStep(step, plan, recordKeys(records));
}
