import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { streamJobLogs } from "@huggingface/hub";
import type { HubConnection } from "../../../hub/connection.js";
import { get } from "../../../hub/request.js";
import { jobsAccess } from "./jobs-fetch.js";

/** The Hub sends at least a keep-alive every half minute. */
const silenceMs = 120_000;

export interface LogHooks {
  signal: AbortSignal;
  onLine(line: string): void;
  /** Whether the job is over, so that an ended stream is complete. */
  isOver(): boolean;
}

/**
 * Follows the log of a job until its end. Reopens a broken stream while the job runs: the Hub restarts at the first
 * line, and lines already seen are skipped by their time. Logs are informational, so their failures are not errors.
 * Returns when the job is over and the log has ended, or when `signal` aborts.
 */
export async function followLogs(
  connection: HubConnection,
  job: { namespace: string; jobId: string },
  { signal, onLine, isOver }: LogHooks,
): Promise<void> {
  const subject = { doing: `reading the log of the job ${job.jobId}`, repo: job.namespace };
  const patient = { ...connection, limits: { ...connection.limits, stallMs: silenceMs, minBytesPerSecond: 0 } };
  const access = jobsAccess(connection, subject, signal);
  const fetch: typeof globalThis.fetch = async (input) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const { response } = await get(patient, { url, headers: { accept: "text/event-stream" }, subject, signal });
    // Following a log must not keep the process alive.
    response.socket.unref();
    return new Response(Readable.toWeb(response) as ReadableStream<Uint8Array>);
  };
  let last = Number.NEGATIVE_INFINITY;
  /** Lines with the latest timestamp; more lines may have the same one. */
  let atLast: string[] = [];
  let { firstDelayMs: delayMs } = connection.limits;
  while (!signal.aborted) {
    const over = isOver();
    /** Lines with that timestamp that this stream has repeated. */
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
      // The next attempt reads again; the caller decides whether the job is over.
      if (over && isOver() && delayMs >= connection.limits.maxDelayMs) return;
    }
    await sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined);
    delayMs = Math.min(delayMs * 2, connection.limits.maxDelayMs);
  }
}

function count(lines: readonly string[], line: string): number {
  return lines.filter((one) => one === line).length;
}
