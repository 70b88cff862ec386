import type { TimedEvent } from "../../engine/events.js";
import type { HubWait } from "../../hub/hub-waits.js";
import type { Progress } from "../../stages/stage.js";
import { formatBytes } from "../../util/bytes.js";

/** Formats progress: "chunk 12/40", "tensor 3/56", "7.2 MB of 11.5 MB (2.1 MB/s, 3 s left)". */
export function describeProgress({ done, total, unit, note }: Progress): string {
  const count = unit === "byte" ? `${formatBytes(done)} of ${formatBytes(total)}` : `${unit} ${done}/${total}`;
  return note === undefined ? count : `${count} (${note})`;
}

/** Formats a duration: "40 s", "12 min", "3 h 20 min". */
export function formatSeconds(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

type Waiting = Extract<TimedEvent, { type: "step-waiting" }>;

/** Describes what a step waits for: "waiting: demo computes validate:base since 12:34:56, one step at a time: process …". */
export function describeWaiting(event: Waiting): string {
  return [describeHolder(event), ...(event.owner === undefined ? [] : [event.owner])].join(": ");
}

function describeHolder({ for: what, holder }: Waiting): string {
  const since = holder === undefined ? "" : ` since ${new Date(holder.since).toISOString().slice(11, 19)}`;
  if (what === "step") return `waiting: another run${holder ? ` (${holder.recipe})` : ""} is building it${since}`;
  return holder === undefined
    ? "waiting: another run computes, one step at a time"
    : `waiting: ${holder.recipe} computes ${holder.step}${since}, one step at a time`;
}

/** Describes a wait for the Hub: "waiting at least 5 min for the Hub: listing …: the Hub's rate limit is reached (429)". */
export function describeHubWait({ why, seconds }: HubWait): string {
  return `waiting at least ${formatSeconds(seconds)} for the Hub: ${why}`;
}

/** Describes the end of a step; the error of a failed step is printed once, at the end of the run. */
export function describeStepEnd(event: Extract<TimedEvent, { type: "step-finished" }>): string {
  switch (event.status) {
    case "built":
      return `built in ${event.seconds.toFixed(1)} s`;
    case "cached":
      return "cached";
    case "skipped":
      return `skipped: ${event.why ?? ""}`;
    case "failed":
      return `failed: ${event.error?.code ?? ""}`;
  }
}

/** Describes the end of a variant's upload during the run. */
export function describeUpload({
  error,
  sentBytes,
  seconds,
}: Extract<TimedEvent, { type: "upload-finished" }>): string {
  if (error !== undefined) {
    return `failed: ${error.code}: ${error.message.split("\n")[0] ?? ""}; the upload is retried when the release is published`;
  }
  return sentBytes === 0 ? "was skipped: already on the Hub" : `took ${seconds.toFixed(1)} s`;
}
