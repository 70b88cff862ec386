import PQueue from "p-queue";
import { dependencies, type Plan, type Step } from "../plan/plan.js";
import type { Resource, StepSummary } from "../stages/stage.js";
import type { DigestCache } from "../util/digest-cache.js";
import { QuantsmithError } from "../util/errors.js";
import { errorReport } from "./error-report.js";
import type { EventBus } from "./events.js";
import type { StepRecord } from "./record.js";
import { buildStep, findStep, type StepRuntime, type ToolProvider } from "./run-step.js";
import { Store } from "./store.js";
import { collectTmp } from "./tmp-folder.js";
import type { Workspace } from "./workspace.js";

export interface RunOptions {
  workspace: Workspace;
  events: EventBus;
  digests: DigestCache;
  signal: AbortSignal;
  threads: number;
  fresh: boolean;
  verify: boolean;
  tools: ToolProvider;
}

export interface RunOutcome {
  steps: StepSummary[];
  records: ReadonlyMap<string, StepRecord>;
  /** Errors of failed steps, in the order they happened. */
  errors: { step: string; error: unknown }[];
  store: Store;
}

/** At most this many steps that mostly wait for disk or network run beside the one that computes. */
const ioConcurrency = 2;

/**
 * Runs a plan: every step as soon as what it reads is finished, one compute step at a time.
 * A failed step stops the steps that need it and nothing else. Throws only when the run is aborted, with the reason.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunOutcome> {
  const { workspace, events, signal } = options;
  await collectTmp(workspace);
  const store = new Store(workspace);
  const records = new Map<string, StepRecord>();
  const summaries = new Map<string, StepSummary>();
  const errors: RunOutcome["errors"] = [];
  const runtime: StepRuntime = {
    ...options,
    plan,
    store,
    records,
    shared: {
      threads: options.threads,
      steps: () => plan.steps.flatMap((step) => summaries.get(step.id) ?? []),
    },
  };
  const queues: Record<Resource, PQueue> = {
    compute: new PQueue({ concurrency: 1 }),
    io: new PQueue({ concurrency: ioConcurrency }),
  };

  const finish = (
    step: Step,
    status: StepSummary["status"],
    seconds: number,
    more: { why?: string; error?: unknown },
  ) => {
    summaries.set(step.id, { id: step.id, stage: step.stage, status, seconds });
    events.emit({
      type: "step-finished",
      id: step.id,
      status,
      seconds,
      ...(more.why === undefined ? {} : { why: more.why }),
      ...(more.error === undefined ? {} : { error: errorReport(more.error) }),
    });
  };

  const leaveOut = (step: Step, missing: string) => {
    const alone = step.mode === "build" && plan.steps.some(({ id, mode }) => id === missing && mode === "reuse");
    if (!alone) return finish(step, "skipped", 0, { why: `${missing} is not there` });
    const error = new QuantsmithError("QS-STEP-NOT-BUILT", `${step.id} needs ${missing}, which is not in the store`, {
      remedy: "Run without --only first, or with --until, which builds everything on the way.",
    });
    errors.push({ step: step.id, error });
    finish(step, "failed", 0, { error });
  };

  const runStep = async (step: Step): Promise<void> => {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    const missing = dependencies(step).find(({ id, optional }) => !optional && !records.has(id));
    if (missing !== undefined) return leaveOut(step, missing.id);
    try {
      if (!(options.fresh && step.mode === "build")) {
        const present = await findStep(step, runtime, options.verify);
        if (present !== undefined) {
          records.set(step.id, present);
          return finish(step, "cached", seconds(), {});
        }
      }
      if (step.mode === "reuse") return finish(step, "skipped", 0, { why: "not asked for, and not in the store" });
      const { record, status } = await queued(step);
      records.set(step.id, record);
      finish(step, status, status === "built" ? record.seconds : seconds(), {});
    } catch (error) {
      if (signal.aborted) throw error;
      errors.push({ step: step.id, error });
      finish(step, "failed", seconds(), { error });
    }
  };
  const queued = (step: Step) =>
    // Earlier in the plan goes first, so that a variant is finished before the next one is begun.
    queues[step.resource].add(() => buildStep(step, runtime), { signal, priority: -plan.steps.indexOf(step) });

  const ended = new Map<string, Promise<void>>();
  for (const step of plan.steps) {
    const before = dependencies(step).map(({ id }) => ended.get(id));
    ended.set(
      step.id,
      Promise.all(before).then(() => runStep(step)),
    );
  }
  // Wait for every step, also after an abort, so that nothing still writes when this returns.
  const results = await Promise.allSettled(ended.values());
  signal.throwIfAborted();
  const bug = results.find((result) => result.status === "rejected");
  if (bug !== undefined) throw bug.reason;
  return { steps: [...runtime.shared.steps()], records, errors, store };
}
