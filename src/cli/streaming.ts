import type { EventBus } from "../engine/events.js";
import type { PassedVariant } from "../engine/runtime.js";
import type { Plan } from "../plan/plan.js";
import type { PublishSettings } from "../recipe/settings-types.js";
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
 * Opens the recipe's repository for uploads during the run; undefined without `publish.stream`, and for a partial plan,
 * which builds no release. Emits events. Errors: those of `openStream`.
 */
export async function startStreaming(
  publish: PublishSettings | undefined,
  plan: Plan,
  events: EventBus,
  signal: AbortSignal,
): Promise<Streaming | undefined> {
  const makesRelease = plan.steps.some(({ id, mode }) => id === "package" && mode === "build");
  if (publish?.target.kind !== "hub" || !publish.stream || !makesRelease) return undefined;
  const stream = await openStream(publish.target, {
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
