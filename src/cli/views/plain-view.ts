import type { EventListener } from "../../engine/events.js";
import { formatBytes } from "../../util/bytes.js";
import { describeProgress, describeStepEnd, describeUpload } from "./describe.js";
import { TimeLeft } from "./time-left.js";

const progressIntervalMs = 10_000;

/** Timestamped lines for CI logs and files; progress of a long step every ten seconds. */
export function plainView(write: (line: string) => void): EventListener {
  const lastProgress = new Map<string, number>();
  const left = new TimeLeft();
  const withTime = (text: string) => [text, left.text()].filter((part) => part !== "").join(", ");
  return (event) => {
    const say = (text: string) => write(`${event.time.slice(11, 19)} ${text}`);
    left.follow(event);
    switch (event.type) {
      case "run-started":
        return say(`${event.recipe}: ${event.steps.length} steps, output in ${event.out}`);
      case "step-started":
        lastProgress.set(event.id, Date.now());
        return say(withTime(`${event.id} started`));
      case "step-waiting":
        return say(`${event.id} waits: another run is building it`);
      case "step-note":
        return say(`${event.id}: ${event.note}`);
      case "step-progress": {
        if (Date.now() - (lastProgress.get(event.id) ?? 0) < progressIntervalMs) return;
        lastProgress.set(event.id, Date.now());
        return say(withTime(`${event.id}: ${describeProgress(event.progress)}`));
      }
      case "upload-started":
        lastProgress.set(`upload ${event.variant}`, Date.now());
        return say(`upload of ${event.variant} started (${formatBytes(event.bytes)})`);
      case "upload-progress": {
        const what = `upload ${event.variant}`;
        if (Date.now() - (lastProgress.get(what) ?? 0) < progressIntervalMs) return;
        lastProgress.set(what, Date.now());
        return say(`upload of ${event.variant}: ${describeProgress(event.progress)}`);
      }
      case "upload-finished":
        return say(`upload of ${event.variant} ${describeUpload(event)}`);
      case "step-finished":
        return say(`${event.id} ${describeStepEnd(event)}`);
      case "run-finished":
        return say(`finished in ${event.seconds.toFixed(1)} s`);
    }
  };
}
