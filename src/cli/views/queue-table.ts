import type { QueueEntry } from "../../queue/queue-status.js";
import { textTable } from "../print.js";

/** Returns a table of the models of a queue and their states; `isRunning` is false after the end of its process. */
export function queueTable(models: readonly QueueEntry[], isRunning?: boolean): string[] {
  return textTable(queueTitles, queueRows(models, isRunning));
}

export const queueTitles = ["Model", "State", "Since", "Details"] as const;

/** Returns the cells of each model, in the order of `queueTitles`. */
export function queueRows(models: readonly QueueEntry[], isRunning?: boolean): string[][] {
  return models.map((entry) => [entry.name, stateOf(entry, isRunning), timeOf(entry.since), detailsOf(entry)]);
}

function stateOf({ state }: QueueEntry, isRunning: boolean | undefined): string {
  return state === "running" && isRunning === false ? "interrupted" : state;
}

function timeOf(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

function detailsOf({ state, steps = [], error, published }: QueueEntry): string {
  if (error !== undefined) return `${error.code}: ${error.message}`;
  if (state === "running") return steps.join(", ");
  if (state !== "published" || published === undefined) return "";
  const { place, isDropped, isKept, isGone } = published;
  const where = "path" in place ? place.path : (place.pullRequest ?? `hf:${place.repo}`);
  const local = isDropped ? `, local ${isKept === true ? "steps" : "files"} removed` : "";
  return `${where}${isGone === true ? ", no longer there as published" : ""}${local}`;
}
