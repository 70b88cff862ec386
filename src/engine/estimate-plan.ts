import type { Plan, Step } from "../plan/plan.js";
import { pointlessWarnings, type VariantOutline } from "../stages/quantize/compare-variants.js";
import type { Prepared } from "../stages/stage.js";
import { jsonDifferences } from "../util/json-differences.js";
import { distinctWarnings, type Warning } from "../util/warnings.js";
import { diskPeak } from "./disk-peak.js";
import { marginBytes } from "./disk-space.js";
import type { Fingerprint } from "./fingerprint.js";
import { PlanTools } from "./plan-tools.js";
import { isDropped, type StepRecord } from "./record.js";
import { scheduleSeconds } from "./schedule-seconds.js";
import { inputPath } from "./step-inputs.js";
import { keyPlan } from "./step-keys.js";
import { Store } from "./store.js";
import { warningsOf } from "./warnings-of.js";
import type { Workspace } from "./workspace.js";

export interface StepEstimate {
  id: string;
  stage: string;
  variant?: string;
  /** `stale`: this recipe built the step before from other inputs; `why` names the differences. */
  status: "cached" | "stale" | "new";
  why?: string;
  /** Bytes it will write; 0 when cached. */
  predictedBytes: number;
  /** Duration when it, or the same step of this recipe, was last built here; absent for a step never built. */
  seconds?: number;
}

export interface PlanEstimate {
  steps: StepEstimate[];
  /** Free bytes that the run requires: its peak disk use, without existing files, and the margin of every step. */
  diskPeakBytes: number;
  /** Time for the steps to build whose duration is known: their sum, less what devices compute beside the CPU. */
  seconds: number;
  /** Those of the plan, of finished steps, and of further steps as far as they are known before. */
  warnings: Warning[];
}

/** Returns what a run of this plan would build; changes nothing. */
export async function estimatePlan(plan: Plan, workspace: Workspace): Promise<PlanEstimate> {
  const store = new Store(workspace);
  const past = (await store.records()).map(({ record }) => record);
  const present = new Map<string, StepRecord>();
  const steps: StepEstimate[] = [];
  const warnings = [...plan.warnings];
  const variants: VariantOutline[] = [];
  const tools = new PlanTools();
  try {
    for (const { step, fingerprint, key } of keyPlan(plan).values()) {
      const record = await store.find(step.stage, key, { readOnly: true });
      if (record !== undefined) present.set(step.id, record);
      else if (step.mode === "reuse") continue; // not selected, so it is not built
      const prepared = record === undefined ? await predict(step, present, store, tools) : undefined;
      warnings.push(...warningsOf(step, record ?? prepared ?? {}));
      if (prepared?.variant !== undefined && step.variant !== undefined && step.comparatorOf === undefined) {
        variants.push({ name: step.variant, bytes: prepared.bytes, ...prepared.variant });
      }
      const last = record ?? lastRecord(past, plan.name, step.id);
      steps.push({
        id: step.id,
        stage: step.stage,
        ...(step.variant === undefined ? {} : { variant: step.variant }),
        ...(record !== undefined ? { status: "cached" } : newOrStale(fingerprint, last)),
        predictedBytes: record !== undefined ? 0 : (prepared?.bytes ?? Math.ceil(step.predictedBytes)),
        ...(last === undefined ? {} : { seconds: last.seconds }),
      });
    }
  } finally {
    await tools.close();
  }
  restoreDropped(plan, steps, present);
  const bytes = new Map(steps.map((step) => [step.id, step.predictedBytes]));
  const toBuild = steps.filter(({ status }) => status !== "cached");
  return {
    steps,
    diskPeakBytes: toBuild.length === 0 ? 0 : marginBytes + diskPeak(plan, bytes),
    seconds: scheduleSeconds(plan, new Map(toBuild.map(({ id, seconds }) => [id, seconds ?? 0]))),
    warnings: distinctWarnings([...warnings, ...pointlessWarnings(variants)]),
  };
}

/** Marks cached steps as stale if a step to build reads files of theirs that were dropped. */
function restoreDropped(plan: Plan, steps: StepEstimate[], records: ReadonlyMap<string, StepRecord>): void {
  const estimates = new Map(steps.map((step) => [step.id, step]));
  for (const reader of [...plan.steps].reverse()) {
    if (estimates.get(reader.id)?.status === "cached") continue;
    for (const input of Object.values(reader.inputs)) {
      if (input.kind !== "step") continue;
      const dropped = isDropped(records.get(input.step), input.file);
      const producer = estimates.get(input.step);
      if (!dropped || producer === undefined || producer.status !== "cached") continue;
      producer.status = "stale";
      producer.why = `${input.file} was removed to save space and is needed again`;
      producer.predictedBytes = Math.ceil(plan.steps.find(({ id }) => id === input.step)?.predictedBytes ?? 0);
    }
  }
}

/**
 * Returns the duration in seconds of each step's last build for this recipe here, by step id; 0 for a step that is in the
 * store, unless the run is `fresh`.
 */
export async function pastSeconds(plan: Plan, workspace: Workspace, fresh = false): Promise<Map<string, number>> {
  const store = new Store(workspace);
  const past = (await store.records()).map(({ record }) => record);
  const seconds = new Map<string, number>();
  for (const { step, key } of keyPlan(plan).values()) {
    const isFinished = !fresh && (await store.find(step.stage, key, { readOnly: true })) !== undefined;
    const known = isFinished ? 0 : lastRecord(past, plan.name, step.id)?.seconds;
    if (known !== undefined) seconds.set(step.id, known);
  }
  return seconds;
}

/** Prepares a step whose inputs are present, or foresees the result, with built tools; undefined if neither works. */
async function predict(
  step: Step,
  records: ReadonlyMap<string, StepRecord>,
  store: Store,
  tools: PlanTools,
): Promise<Prepared | undefined> {
  const ready = Object.values(step.inputs).every((input) => input.kind === "outside" || records.has(input.step));
  const input = (name: string) => inputPath(step.inputs, name, records, store);
  if (ready && step.prepare !== undefined) return tools.use(async (context) => step.prepare?.({ ...context, input }));
  return step.foresee === undefined ? undefined : tools.use(async (context) => step.foresee?.(context));
}

function newOrStale(description: Fingerprint, last: StepRecord | undefined): Pick<StepEstimate, "status" | "why"> {
  return last === undefined ? { status: "new" } : { status: "stale", why: whatChanged(last.fingerprint, description) };
}

function lastRecord(records: readonly StepRecord[], recipe: string, id: string): StepRecord | undefined {
  return records
    .filter((record) => record.recipe === recipe && record.step === id)
    .sort((a, b) => (a.finished < b.finished ? 1 : -1))[0];
}

/** Returns the names of the fingerprint's fields that differ, as `params.chunks, inputs.model changed`. */
function whatChanged(before: Fingerprint, after: Fingerprint): string {
  const changed = jsonDifferences(before, after).map(({ path }) => path);
  if (changed.length === 0) return "its files are missing or damaged";
  const more = changed.length > 3 ? ` and ${changed.length - 3} more` : "";
  return `${changed.slice(0, 3).join(", ")}${more} changed`;
}
