import * as z from "zod";
import { invalidResponse, type Subject } from "../../../hub/hub-error.js";

/**
 * Stage of a job. The names are the Hub's own, as in its Python client; @huggingface/hub's types list those of Spaces.
 * An unknown stage counts as running.
 */
export type HubJobStage = "waiting" | "running" | "completed" | "error" | "canceled" | "deleted";

/** One job in the Hub's answer. */
export interface HubJob {
  id: string;
  stage: HubJobStage;
  /** The Hub's text on how it ended: `Job timeout`, `Job failed with exit code: 4. …`. */
  message: string | undefined;
  labels: Readonly<Record<string, string>>;
  /** Seconds between its start and its end; undefined before its end, or if the Hub does not report them. */
  seconds: number | undefined;
}

const time = z.iso.datetime({ offset: true }).nullish().catch(undefined);
const job = z.object({
  id: z.string().regex(/^[\w-]{1,64}$/),
  status: z.object({ stage: z.string(), message: z.string().nullish() }),
  labels: z.record(z.string(), z.string()).nullish().catch(undefined),
  startedAt: time,
  finishedAt: time,
});

const stages: Readonly<Record<string, HubJobStage>> = {
  SCHEDULING: "waiting",
  RUNNING: "running",
  COMPLETED: "completed",
  ERROR: "error",
  CANCELED: "canceled",
  DELETED: "deleted",
};

/** Parses one job of an answer. Errors: QS-HUB-ANSWER. */
export function parseJob(answer: unknown, subject: Subject): HubJob {
  const { data } = job.safeParse(answer);
  if (data === undefined) throw invalidResponse(subject, "the response contains a job without an id or a status");
  const { id, status, labels, startedAt, finishedAt } = data;
  const seconds = startedAt && finishedAt ? (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000 : undefined;
  return {
    id,
    stage: stages[status.stage] ?? "running",
    message: status.message ?? undefined,
    labels: labels ?? {},
    seconds: seconds !== undefined && seconds >= 0 ? seconds : undefined,
  };
}
