import { canonicalJson } from "../util/canonical-json.js";
import type { KeyedStep } from "./fingerprint.js";
import type { StepRecord } from "./record.js";
import type { BuildRuntime } from "./runtime.js";
import { inputDigests } from "./step-inputs.js";

/** Returns a step's finished outputs from the store if they are whole and were built from the current inputs. */
export async function findStep({ step, key }: KeyedStep, runtime: BuildRuntime): Promise<StepRecord | undefined> {
  const record = await runtime.store.find(step.stage, key, { verify: runtime.verify });
  if (record === undefined) return undefined;
  const inputs = inputDigests(step.inputs, runtime.records);
  return canonicalJson(inputs) === canonicalJson(record.inputs) ? record : undefined;
}
