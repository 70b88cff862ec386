import { dependencies, type Plan, type Step } from "../plan/plan.js";
import { describeResult } from "../stages/describe-result.js";
import type { StepSummary } from "../stages/stage.js";
import { errorReport } from "../util/error-report.js";
import { QuantsmithError } from "../util/errors.js";
import { buildStep } from "./build-step.js";
import { dropIntermediates } from "./drop-intermediates.js";
import { findPassedVariants } from "./find-passed-variants.js";
import { findStep } from "./find-step.js";
import type { KeyedStep } from "./fingerprint.js";
import { isDropped, type StepRecord } from "./record.js";
import type { RemoteRunner } from "./remote-runner.js";
import type { RunOptions, Runtime } from "./runtime.js";
import { Scheduler } from "./scheduler.js";
import { keyPlan, settleStep } from "./step-keys.js";
import { Store } from "./store.js";
import { warningsOf } from "./warnings-of.js";

export interface RunOutcome {
  steps: StepSummary[];
  records: ReadonlyMap<string, StepRecord>;
  /** Errors of failed steps, in the order they happened. */
  errors: { step: string; error: unknown }[];
  store: Store;
}

/**
 * Runs a plan: each step starts when its inputs are finished, one compute step at a time and, beside it, one step on
 * devices. A failed step stops only the
 * steps that need it. Throws only when the run is aborted, with the reason of the abort.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunOutcome> {
  const run = new Run(plan, options);
  await run.start();
  const ended = new Map<string, Promise<void>>();
  for (const step of plan.steps) {
    const before = dependencies(step).map(({ id }) => ended.get(id));
    if (step.after !== undefined && !run.isRemote(step)) before.push(ended.get(step.after));
    ended.set(
      step.id,
      Promise.all(before).then(() => run.step(step)),
    );
  }
  // Wait for every step, also after an abort, so that nothing writes after the return.
  const results = await Promise.allSettled(ended.values());
  await run.stop();
  options.signal.throwIfAborted();
  const bug = results.find((result) => result.status === "rejected");
  if (bug !== undefined) throw bug.reason;
  return {
    steps: [...run.runtime.steps()],
    records: run.runtime.records,
    errors: run.errors,
    store: run.runtime.store,
  };
}

class Run {
  readonly runtime: Runtime;
  readonly errors: RunOutcome["errors"] = [];
  readonly #summaries = new Map<string, StepSummary>();
  /** Steps whose inputs have all ended. */
  readonly #settled = new Map<string, KeyedStep>();
  readonly #restoring = new Map<string, Promise<void>>();
  /** Variants whose verdict was checked. */
  readonly #checkedVariants = new Set<string>();
  readonly #remote: RemoteRunner | undefined;

  constructor(plan: Plan, { remote, fresh, ...options }: RunOptions) {
    this.runtime = {
      ...options,
      plan,
      keyed: keyPlan(plan),
      store: new Store(options.workspace, options.digests),
      scheduler: new Scheduler(options.workspace, options.signal, { compute: plan.compute.compute }),
      freshSince: fresh ? new Date().toISOString() : null,
      records: new Map(),
      steps: () => plan.steps.flatMap((step) => this.#summaries.get(step.id) ?? []),
    };
    this.#remote = remote?.(this.runtime);
  }

  /** Submits the steps for other machines. */
  async start(): Promise<void> {
    await this.#remote?.start();
  }

  /** Cancels the steps that other machines have not finished. */
  async stop(): Promise<void> {
    await this.#remote?.stop();
  }

  isRemote(step: Step): boolean {
    return this.#remote?.runsRemotely(step) === true;
  }

  /** Runs one step to its end: cached, built, skipped or failed. All steps that it reads from have ended. */
  async step(step: Step): Promise<void> {
    const { records, signal, freshSince } = this.runtime;
    const started = performance.now();
    const missing = dependencies(step).find(({ id, optional }) => !optional && !records.has(id));
    if (missing !== undefined) {
      this.#skip(step, missing.id);
      return;
    }
    const settled = settleStep(step, this.runtime);
    this.#settled.set(step.id, settled);
    try {
      const present = freshSince !== null && step.mode === "build" ? undefined : await findStep(settled, this.runtime);
      if (present !== undefined) await this.#finish(step, "cached", present, (performance.now() - started) / 1000);
      else if (step.mode === "reuse") this.#summarize(step, "skipped", 0, { why: "not selected and not in the store" });
      else await this.#build(settled, false);
    } catch (error) {
      if (signal.aborted) throw error;
      this.errors.push({ step: step.id, error });
      this.#summarize(step, "failed", (performance.now() - started) / 1000, { error });
    }
  }

  async #build(settled: KeyedStep, restore: boolean): Promise<void> {
    const { step } = settled;
    await this.#restoreInputs(step);
    const { record, status } =
      this.#remote?.runsRemotely(step) === true
        ? { record: await this.#remote.waitForStep(settled, restore), status: "built" as const }
        : await buildStep(settled, this.runtime, {
            restore,
            discardPartial: this.runtime.freshSince !== null && !restore,
          });
    await this.#finish(step, status, record, record.seconds);
  }

  /** Rebuilds inputs of a step that were dropped after their last reader. */
  async #restoreInputs(step: Step): Promise<void> {
    for (const input of Object.values(step.inputs)) {
      if (input.kind !== "step") continue;
      const dropped = isDropped(this.runtime.records.get(input.step), input.file);
      const producer = this.#settled.get(input.step);
      if (!dropped || producer === undefined) continue;
      const restoring = this.#restoring.get(input.step) ?? this.#build(producer, true);
      this.#restoring.set(input.step, restoring);
      await restoring;
    }
  }

  async #finish(step: Step, status: "built" | "cached", record: StepRecord, seconds: number): Promise<void> {
    this.runtime.records.set(step.id, record);
    const { measurements, commands, compute } = record;
    const warnings = warningsOf(step, record);
    // A step built in this process has already emitted its warnings.
    if (status === "cached" || this.isRemote(step)) {
      for (const warning of warnings) this.runtime.events.emit({ type: "step-warning", id: step.id, warning });
    }
    const found = await describeResult(this.runtime.store.folder(step.stage, record.key), record.outputs);
    this.#summarize(step, status, seconds, {
      ...{ measurements, commands, found },
      ...(compute && { compute }),
      ...(warnings.length > 0 && { warnings }),
    });
    await dropIntermediates(this.runtime, (id) => this.#summaries.get(id)?.status);
    await this.#reportPassed();
    await this.#remote?.submitReady();
  }

  /** A verdict depends on built steps only, so checking after each finished step is enough. */
  async #reportPassed(): Promise<void> {
    const { onPassed } = this.runtime;
    if (onPassed === undefined) return;
    const passed = await findPassedVariants(this.runtime, (id) => this.#summaries.has(id), this.#checkedVariants);
    for (const variant of passed) onPassed(variant);
  }

  /** Skips a step whose input is missing; fails it when the user selected only this step. */
  #skip(step: Step, missing: string): void {
    const { steps } = this.runtime.plan;
    const alone = step.mode === "build" && steps.some(({ id, mode }) => id === missing && mode === "reuse");
    if (!alone) {
      this.#summarize(step, "skipped", 0, { why: `${missing} is missing` });
      return;
    }
    const error = new QuantsmithError("QS-STEP-NOT-BUILT", `${step.id} needs ${missing}, which is not in the store`, {
      remedy: "Run without `--only` first, or use `--until`, which also builds the inputs.",
    });
    this.errors.push({ step: step.id, error });
    this.#summarize(step, "failed", 0, { error });
  }

  #summarize(
    step: Step,
    status: StepSummary["status"],
    seconds: number,
    more: Pick<StepSummary, "measurements" | "commands" | "compute" | "warnings"> & {
      found?: string;
      why?: string;
      error?: unknown;
    },
  ): void {
    const { measurements, commands, compute, warnings } = more;
    const { id, stage } = step;
    const recorded = {
      ...(measurements && { measurements }),
      ...(commands && { commands }),
      ...(compute && { compute }),
      ...(warnings && { warnings }),
    };
    const unselected = step.mode === "reuse" && status === "skipped" ? { unselected: true as const } : {};
    this.#summaries.set(id, { id, stage, status, seconds, ...recorded, ...unselected });
    this.runtime.events.emit({
      type: "step-finished",
      id: step.id,
      status,
      seconds,
      ...(more.found ? { found: more.found } : {}),
      ...(more.why === undefined ? {} : { why: more.why }),
      ...(more.error === undefined ? {} : { error: errorReport(more.error) }),
    });
  }
}
