import type { EventListener } from "../../engine/events.js";
import { formatBytes } from "../../util/bytes.js";
import { count } from "../../util/count.js";
import { describeHubWait, describeProgress, describeStepEnd, describeUpload, describeWaiting } from "./describe.js";
import { TimeLeft } from "./time-left.js";

const progressIntervalMs = 10_000;

/** Writes events as timestamped lines for CI logs and files, with progress of long steps every ten seconds. */
export function plainView(write: (line: string) => void): EventListener {
  const lastProgress = new Map<string, number>();
  const left = new TimeLeft();
  /** Steps whose work is done; others that start meanwhile are written after them, but before their own end. */
  const saving = new Set<string>();
  const held = new Map<string, string>();
  const withTime = (text: string) => [text, left.text()].filter((part) => part !== "").join(", ");
  return (event) => {
    // Unlike the system's clock, it is never set back.
    const now = performance.now();
    const isDue = (what: string) => now >= (lastProgress.get(what) ?? Number.NEGATIVE_INFINITY) + progressIntervalMs;
    const writeLine = (text: string) => write(`${event.time.slice(11, 19)} ${text}`);
    // With the time of this event, so that times do not run backwards.
    const release = (ids: Iterable<string>) => {
      for (const id of [...ids]) {
        const text = held.get(id);
        if (text !== undefined) writeLine(text);
        held.delete(id);
      }
    };
    left.follow(event);
    switch (event.type) {
      case "run-started":
        return writeLine(`${event.recipe}: ${count(event.steps.length, "step")}, output in ${event.out}`);
      case "step-started": {
        lastProgress.set(event.id, now);
        const text = withTime(`${event.id} started`);
        if (saving.size === 0) return writeLine(text);
        held.set(event.id, text);
        return;
      }
      case "step-saving":
        saving.add(event.id);
        return;
      case "step-waiting":
        return writeLine(`${event.id} ${describeWaiting(event)}`);
      case "step-note":
        return writeLine(`${event.id}: ${event.note}`);
      case "step-progress": {
        if (!isDue(event.id)) return;
        lastProgress.set(event.id, now);
        return writeLine(withTime(`${event.id}: ${describeProgress(event.progress)}`));
      }
      case "upload-started":
        lastProgress.set(`upload ${event.variant}`, now);
        return writeLine(`upload of ${event.variant} started (${formatBytes(event.bytes)})`);
      case "upload-progress": {
        const what = `upload ${event.variant}`;
        if (!isDue(what)) return;
        lastProgress.set(what, now);
        return writeLine(`upload of ${event.variant}: ${describeProgress(event.progress)}`);
      }
      case "upload-finished":
        return writeLine(`upload of ${event.variant} ${describeUpload(event)}`);
      case "step-finished": {
        release([event.id]);
        writeLine(`${event.id} ${describeStepEnd(event)}`);
        saving.delete(event.id);
        if (saving.size === 0) release(held.keys());
        return;
      }
      case "step-warning":
        // Written as an own paragraph, see warning-view.ts.
        return;
      case "hub-waiting":
        return writeLine(describeHubWait(event));
      case "run-finished":
        return writeLine(`finished in ${event.seconds.toFixed(1)} s`);
    }
  };
}
