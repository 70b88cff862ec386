import type { EventBus } from "../engine/events.js";
import type { PassedVariant } from "../engine/runtime.js";
import type { Plan } from "../plan/plan.js";
import type { PackageParams } from "../stages/package/package-params.js";
import type { PublishTarget } from "../stages/publish/target.js";
import { openStream } from "../stages/publish/variant-stream.js";
import { errorReport } from "../util/error-report.js";

/** Uploads during a run. */
export interface Streaming {
  onPassed(variant: PassedVariant): void;
  /** Waits for uploads in progress. */
  finish(): Promise<void>;
  /** Cancels uploads in progress. */
  stop(): Promise<void>;
}

/**
 * Opens the recipe's repository for uploads during the run; undefined unless `stream` is set, and for a partial plan,
 * which builds no release. Emits events. Errors: those of `openStream`.
 */
export async function startStreaming(
  { stream: wanted, target }: { stream: boolean; target: PublishTarget },
  plan: Plan,
  events: EventBus,
  signal: AbortSignal,
): Promise<Streaming | undefined> {
  const packaging = plan.steps.find(({ id, mode }) => id === "package" && mode === "build");
  if (target.kind !== "hub" || !wanted || packaging === undefined) return undefined;
  const { modelName: name, variants, lock } = packaging.params as PackageParams;
  const planned = { model: { name, source: lock.model.source }, files: variants.map(({ file }) => file) };
  const stream = await openStream(target, planned, {
    signal,
    onStart: (variant, bytes) => events.emit({ type: "upload-started", variant, bytes }),
    onProgress: (variant, done, total, rate) => {
      const progress = { done, total, unit: "byte" as const, ...(rate === "" ? {} : { note: rate }) };
      events.emit({ type: "upload-progress", variant, progress });
    },
    onEnd: (variant, sentBytes, seconds, error) => {
      const failed = error === undefined ? {} : { error: errorReport(error) };
      events.emit({ type: "upload-finished", variant, sentBytes, seconds, ...failed });
    },
  });
  return {
    onPassed: ({ report: { name, file, sha256 }, path: source }) => stream.enqueue({ name, file, sha256, source }),
    finish: () => stream.finish(),
    stop: () => stream.stop(),
  };
}
