import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { OperationReport, Shard, StageContext } from "../stages/stage.js";
import { canonicalJson } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";
import { distinctWarnings, type Warning } from "../util/warnings.js";
import { requireDiskSpace, watchDisk } from "./disk-space.js";
import { findReusableSteps } from "./find-reusable-steps.js";
import type { KeyedStep } from "./fingerprint.js";
import type { BuildRuntime } from "./runtime.js";
import { inputDigests, inputPath } from "./step-inputs.js";
import { warningsOf } from "./warnings-of.js";

export interface StepResult {
  report: OperationReport;
  seconds: number;
  warnings: readonly Warning[];
  /** The fewest layers that one of its runs put on the devices; undefined if no tool stated them. */
  gpuLayers: number | undefined;
}

/** A step, or one shard of it, and its build folder. */
export interface StepTask extends KeyedStep {
  /** Absent: the whole step. */
  shard?: Shard;
  build: { out: string; work: string };
}

/** Runs a step under its resource: preflight, then the stage. Errors: those of the stage, QS-DISK-*. */
export async function executeStep(task: StepTask, runtime: BuildRuntime): Promise<StepResult> {
  const { step, key } = task;
  const started = performance.now();
  const disk = watchDisk(runtime.workspace.build, step.id);
  try {
    const signal = AbortSignal.any([runtime.signal, disk.signal]);
    const warnings: Warning[] = [];
    const warn = (warning: Warning) => {
      warnings.push(warning);
      for (const own of warningsOf(step, { warnings: [warning] })) {
        runtime.events.emit({ type: "step-warning", id: step.id, warning: own });
      }
    };
    const counts: number[] = [];
    const layers = (count: number) => void counts.push(count);
    const context = { ...stageContext(task, runtime, signal), warn, layers };
    runtime.events.emit({ type: "step-started", id: step.id, key });
    const prepared = await step.prepare?.(context);
    for (const warning of prepared?.warnings ?? []) warn(warning);
    await requireDiskSpace(runtime.workspace.build, prepared?.bytes ?? step.predictedBytes, step.id);
    const report = await step.run(context, prepared);
    signal.throwIfAborted();
    runtime.events.emit({ type: "step-saving", id: step.id });
    return {
      ...{ report, seconds: (performance.now() - started) / 1000, warnings: distinctWarnings(warnings) },
      gpuLayers: counts.length === 0 ? undefined : Math.min(...counts),
    };
  } finally {
    disk.stop();
  }
}

function stageContext(
  task: StepTask,
  runtime: BuildRuntime,
  signal: AbortSignal,
): Omit<StageContext, "warn" | "layers"> {
  const { step, key, shard, build } = task;
  const digests = inputDigests(step.inputs, runtime.records);
  // An input can be rebuilt with other bytes under the same key; partial work on the old bytes must not be continued.
  const partial = join(runtime.store.partialFolder(key), sha256(canonicalJson(digests)).slice(0, 16));
  const note = (text: string) => runtime.events.emit({ type: "step-note", id: step.id, note: text });
  return {
    ...build,
    ...(shard === undefined ? {} : { shard }),
    signal,
    partial: async () => {
      await mkdir(partial, { recursive: true });
      return partial;
    },
    reusableSteps: (inputs) => findReusableSteps(task, runtime, inputs),
    threads: runtime.threads,
    compute: runtime.plan.compute.compute,
    requiresMemory: step.requiresMemory ?? false,
    steps: runtime.steps,
    toolchain: () => runtime.tools.toolchain(note),
    python: () => runtime.tools.python(note),
    input: (name) => inputPath(step.inputs, name, runtime.records, runtime.store),
    digest: (name) => digests[name],
    note,
    progress: (progress) => runtime.events.emit({ type: "step-progress", id: step.id, progress }),
  };
}
