import type { KeyedStep } from "../engine/fingerprint.js";
import type { StepRecord } from "../engine/record.js";
import type { Runtime } from "../engine/runtime.js";
import { dependencies, type Plan, type Step } from "../plan/plan.js";
import { type Executor, type Job, jobName } from "./executor.js";

/** A step of the plan, with where it will run. */
export interface PlannedStep extends KeyedStep {
  /**
   * `finished`: before the run. `remote`: as a job. `local`: in this process. `never`: it, or one of its inputs, is
   * neither in the store nor selected.
   */
  execution: "finished" | "remote" | "local" | "never";
  /** Whether it can run on another machine. */
  portable: boolean;
  /** It is finished, but a dropped file is needed again. */
  restore: boolean;
}

/** Plans where each step runs, before any runs; keys are those if every step succeeds. */
export async function planJobs(
  { plan, keyed, store, freshSince, verify }: Runtime,
  { seesLinks }: Executor,
): Promise<Map<string, PlannedStep>> {
  const records = new Map<string, StepRecord>();
  const planned = new Map<string, PlannedStep>();
  for (const expected of keyed.values()) {
    const { step, key } = expected;
    const isReusable = freshSince === null || step.mode === "reuse";
    const record = isReusable ? await store.find(step.stage, key, { readOnly: true, verify }) : undefined;
    if (record !== undefined) records.set(step.id, record);
    const portable = isPortable(step, seesLinks);
    planned.set(step.id, {
      ...expected,
      portable,
      execution: executionOf(step, record, planned, portable),
      restore: false,
    });
  }
  markRestored(plan, planned, records);
  return planned;
}

function executionOf(
  step: Step,
  record: StepRecord | undefined,
  planned: ReadonlyMap<string, PlannedStep>,
  portable: boolean,
): PlannedStep["execution"] {
  if (record !== undefined) return "finished";
  const lacks = dependencies(step).some(({ id, optional }) => !optional && planned.get(id)?.execution === "never");
  if (step.mode === "reuse" || lacks) return "never";
  return portable ? "remote" : "local";
}

/** The snapshot folder contains links to a checkpoint or into a cache. */
function isPortable({ operation, inputs }: Step, seesLinks: boolean): boolean {
  const readsLinks = Object.values(inputs).some((input) => input.kind === "step" && input.step === "fetch");
  return operation !== undefined && (seesLinks || !readsLinks);
}

/** Turns finished steps whose dropped files a job reads into jobs. */
function markRestored(
  plan: Plan,
  planned: ReadonlyMap<string, PlannedStep>,
  records: ReadonlyMap<string, StepRecord>,
): void {
  for (const reader of [...plan.steps].reverse()) {
    if (planned.get(reader.id)?.execution !== "remote") continue;
    for (const input of Object.values(reader.inputs)) {
      if (input.kind !== "step") continue;
      const producer = planned.get(input.step);
      const output = records.get(input.step)?.outputs.find(({ path }) => path === input.file);
      if (producer === undefined || output?.dropped !== true) continue;
      producer.restore = true;
      producer.execution = producer.portable ? "remote" : "local";
    }
  }
}

/** Returns the jobs of a step, its shards first. `after` are the names of the jobs that it waits for. */
export function createJobs(
  { step, key }: KeyedStep,
  after: readonly string[],
  shards: number,
  memoryBytes: number,
): Job[] {
  const common = { key, step: step.id, stage: step.stage, memoryBytes };
  const shardCount = step.isShardable === true && shards > 1 ? shards : 0;
  const shardJobs = Array.from({ length: shardCount }, (_, shard): Job => {
    const index = shard + 1;
    return { ...common, name: jobName(key, index), shard: { index, count: shardCount }, after };
  });
  return [...shardJobs, { ...common, name: jobName(key), after: [...after, ...shardJobs.map(({ name }) => name)] }];
}

/** Memory for llama.cpp's buffers and for this program. */
const workingBytes = 2 * 2 ** 30;

/** Returns the most memory a step needs: everything that it reads and writes, mapped at once. */
export function estimateJobMemory(step: Step, plan: Plan): number {
  const read = new Set(Object.values(step.inputs).flatMap((input) => (input.kind === "step" ? [input.step] : [])));
  const bytes = plan.steps.flatMap(({ id, predictedBytes }) => (read.has(id) ? [predictedBytes] : []));
  return Math.ceil(workingBytes + step.predictedBytes + bytes.reduce((sum, each) => sum + each, 0));
}
