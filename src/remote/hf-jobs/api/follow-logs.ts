import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { streamJobLogs } from "@huggingface/hub";
import type { HubConnection } from "../../../hub/connection.js";
import { get } from "../../../hub/request.js";
import { jobsAccess } from "./jobs-fetch.js";

/** The Hub says something every half minute, be it only that it is still there. */
const silenceMs = 120_000;

export interface LogHooks {
  signal: AbortSignal;
  onLine(line: string): void;
  /** Whether the job is over, so that a stream that ended has told everything. */
  isOver(): boolean;
}

/**
 * Follows the log of a job until its end. A stream that breaks is asked for again, for as long as the job runs: the Hub
 * begins again with the first line, and what has been seen is left out by its time. Logs are for reading only, so no
 * trouble with them is an error; returns when the job is over and the log has ended, or when `signal` fires.
 */
export async function followLogs(
  connection: HubConnection,
  job: { namespace: string; jobId: string },
  { signal, onLine, isOver }: LogHooks,
): Promise<void> {
  const subject = { doing: `reading the log of the job ${job.jobId}`, repo: job.namespace };
  const patient = { ...connection, limits: { ...connection.limits, stallMs: silenceMs } };
  const access = jobsAccess(connection, subject, signal);
  const fetch: typeof globalThis.fetch = async (input) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const { response } = await get(patient, { url, headers: { accept: "text/event-stream" }, subject, signal });
    // A log keeps no program from ending.
    response.socket.unref();
    return new Response(Readable.toWeb(response) as ReadableStream<Uint8Array>);
  };
  let last = Number.NEGATIVE_INFINITY;
  /** Lines of the last moment that was seen, which may have more. */
  let atLast: string[] = [];
  let { firstDelayMs: delayMs } = connection.limits;
  while (!signal.aborted) {
    const over = isOver();
    /** Lines of that moment that this stream has repeated. */
    const repeated: string[] = [];
    try {
      for await (const { message, timestamp } of streamJobLogs({ ...job, ...access, fetch })) {
        const time = timestamp.getTime();
        if (time < last) continue;
        if (time === last && count(repeated, message) < count(atLast, message)) {
          repeated.push(message);
          continue;
        }
        if (time > last) {
          last = time;
          atLast = [];
          repeated.length = 0;
        }
        atLast.push(message);
        repeated.push(message);
        ({ firstDelayMs: delayMs } = connection.limits);
        onLine(message);
      }
      if (over) return;
    } catch {
      // The next attempt reads again; whether the job goes on is not decided here.
      if (over && isOver() && delayMs >= connection.limits.maxDelayMs) return;
    }
    await sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined);
    delayMs = Math.min(delayMs * 2, connection.limits.maxDelayMs);
  }
}

function count(lines: readonly string[], line: string): number {
  return lines.filter((one) => one === line).length;
}
