import type { Plan, Step } from "../plan/plan.js";
import { canonicalJson, type Json } from "../util/canonical-json.js";
import { type Fingerprint, fingerprint, stepKey } from "./fingerprint.js";
import type { StepRecord } from "./record.js";
import { Store } from "./store.js";
import type { Workspace } from "./workspace.js";

export interface StepForecast {
  id: string;
  stage: string;
  variant?: string;
  /** `stale`: this recipe built the step before, from something else; `why` says what changed. */
  status: "cached" | "stale" | "new";
  why?: string;
  /** Bytes it will write; 0 when cached. */
  predictedBytes: number;
  /** How long it took when it was last built here; unknown for a step never built. */
  seconds?: number;
}

/** What a run of this plan would do, without doing or changing anything. */
export async function forecast(
  plan: Plan,
  workspace: Workspace,
): Promise<{ steps: StepForecast[]; diskPeakBytes: number }> {
  const store = new Store(workspace);
  const keys = new Map<string, string>();
  const records = await store.records();
  const steps: StepForecast[] = [];
  for (const step of plan.steps) {
    const description = fingerprint(step, plan, keys);
    const key = stepKey(description);
    keys.set(step.id, key);
    const cached = (await store.find(step.stage, key, { readOnly: true })) !== undefined;
    steps.push(forecastStep(step, description, cached, lastRecord(records, plan.name, step.id)));
  }
  return { steps, diskPeakBytes: steps.reduce((sum, { predictedBytes }) => sum + predictedBytes, 0) };
}

function forecastStep(
  step: Step,
  description: Fingerprint,
  cached: boolean,
  last: StepRecord | undefined,
): StepForecast {
  const known = {
    id: step.id,
    stage: step.stage,
    ...(step.variant === undefined ? {} : { variant: step.variant }),
    ...(last === undefined ? {} : { seconds: last.seconds }),
  };
  if (cached) return { ...known, status: "cached", predictedBytes: 0 };
  const predictedBytes = Math.ceil(step.predictedBytes);
  if (last === undefined) return { ...known, status: "new", predictedBytes };
  return { ...known, status: "stale", why: whatChanged(last.fingerprint, description), predictedBytes };
}

function lastRecord(records: readonly StepRecord[], recipe: string, id: string): StepRecord | undefined {
  return records
    .filter((record) => record.recipe === recipe && record.step === id)
    .sort((a, b) => (a.finished < b.finished ? 1 : -1))[0];
}

/** Names of the fingerprint's fields that differ, as `params.chunks, inputs.model`. */
function whatChanged(before: Fingerprint, after: Fingerprint): string {
  const changed = differences(before, after, "");
  return changed.length === 0 ? "its files are missing or damaged" : `${changed.join(", ")} changed`;
}

function differences(before: Json | undefined, after: Json | undefined, path: string): string[] {
  if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return [];
  if (!isObject(before) || !isObject(after)) return [path];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => differences(before[key], after[key], path === "" ? key : `${path}.${key}`));
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
