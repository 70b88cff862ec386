import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Progress, StageName, StepSummary } from "../stages/stage.js";
import type { ErrorReport } from "../util/error-report.js";
import { printableJson } from "../util/printable.js";
import type { Warning } from "../util/warnings.js";
import type { LockHolder } from "./lock-holder.js";

export type StepStatus = StepSummary["status"];

export interface StepIdentity {
  id: string;
  stage: StageName;
  variant?: string;
  /** Duration of the last build of the step here. */
  expectedSeconds?: number;
}

/** All output of a run. The terminal, the CI lines, the JSON output and the log only render these events. */
export type RunEvent =
  | { type: "run-started"; recipe: string; out: string; steps: StepIdentity[] }
  | { type: "step-started"; id: string; key: string }
  /** `step`: another run builds the same step. `compute`: another step computes; only one may at a time. */
  | { type: "step-waiting"; id: string; for: "step" | "compute"; holder?: LockHolder; owner?: string }
  | { type: "step-note"; id: string; note: string }
  /** Reported during the work, and again by every run that reuses the step. */
  | { type: "step-warning"; id: string; warning: Warning }
  | { type: "step-progress"; id: string; progress: Progress }
  /** The work is done, and the next step may start; the result is hashed and stored until `step-finished`. */
  | { type: "step-saving"; id: string }
  /** `found`: the result in a few words; absent without one to show. */
  | {
      type: "step-finished";
      id: string;
      status: StepStatus;
      seconds: number;
      found?: string;
      why?: string;
      error?: ErrorReport;
    }
  /** Variants that are uploaded during the run (`publish.stream`); the last upload may end after the run. */
  | { type: "upload-started"; variant: string; bytes: number }
  | { type: "upload-progress"; variant: string; progress: Progress }
  /** `sentBytes` is 0 when the Hub already has the file. With an `error`, publishing at the end uploads the file. */
  | { type: "upload-finished"; variant: string; sentBytes: number; seconds: number; error?: ErrorReport }
  /** The next request to the Hub waits at least so many seconds, such as for its rate limit. */
  | { type: "hub-waiting"; why: string; seconds: number }
  | { type: "run-finished"; seconds: number; failed: number };

export type TimedEvent = RunEvent & { time: string };
export type EventListener = (event: TimedEvent) => void;

const progressIntervalMs = 250;

/** Passes every event to its listeners, in order; progress of one step or upload at most four times a second. */
export class EventBus {
  readonly #listeners: EventListener[] = [];
  readonly #lastProgress = new Map<string, number>();

  subscribe(listener: EventListener): void {
    this.#listeners.push(listener);
  }

  emit(event: RunEvent): void {
    // Unlike the system's clock, it is never set back.
    const now = performance.now();
    if (event.type === "step-progress" || event.type === "upload-progress") {
      const what = event.type === "step-progress" ? event.id : `upload ${event.variant}`;
      const due = (this.#lastProgress.get(what) ?? Number.NEGATIVE_INFINITY) + progressIntervalMs;
      if (now < due && event.progress.done < event.progress.total) return;
      this.#lastProgress.set(what, now);
    }
    const timed = { time: new Date().toISOString(), ...event };
    for (const listener of this.#listeners) listener(timed);
  }
}

/** Returns a listener that appends every event to `<runs>/<time>/events.ndjson`, and the folder's path. */
export function eventLog(runs: string): { listener: EventListener; folder: string; close(): void } {
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  const folder = join(runs, `${stamp}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  return { folder, ...eventFile(join(folder, "events.ndjson")) };
}

/** Returns a listener that appends every event to a file, which it creates. */
export function eventFile(path: string): { listener: EventListener; close(): void } {
  const file = openSync(path, "a");
  return {
    listener: (event) => {
      try {
        writeSync(file, `${printableJson(event)}\n`);
      } catch {
        // A full disk must not end the run through its log; the run reports a full disk itself.
      }
    },
    close: () => closeSync(file),
  };
}
