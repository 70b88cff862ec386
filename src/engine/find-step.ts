import type { Step } from "../plan/plan.js";
import { canonicalJson } from "../util/canonical-json.js";
import { fingerprint, stepKey } from "./fingerprint.js";
import type { StepRecord } from "./record.js";
import type { BuildRuntime } from "./runtime.js";
import { inputDigests } from "./step-inputs.js";

/** Keys of the steps finished so far, by step id. */
export function recordKeys(runtime: Pick<BuildRuntime, "records">): Map<string, string> {
  return new Map([...runtime.records].map(([id, record]) => [id, record.key]));
}

/** A step's finished outputs from the store, if they are whole and were made from the inputs that exist now. */
export async function findStep(step: Step, runtime: BuildRuntime): Promise<StepRecord | undefined> {
  const key = stepKey(fingerprint(step, runtime.plan, recordKeys(runtime)));
  const record = await runtime.store.find(step.stage, key, { verify: runtime.verify });
  if (record === undefined) return undefined;
  const inputs = inputDigests(step.inputs, runtime.records);
  return canonicalJson(inputs) === canonicalJson(record.inputs) ? record : undefined;
}
