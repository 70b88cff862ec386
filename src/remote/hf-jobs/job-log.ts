import { setTimeout as sleep } from "node:timers/promises";
import type { HubConnection } from "../../hub/connection.js";
import { redact } from "../../util/redact.js";
import { followLogs } from "./api/follow-logs.js";

const keptLines = 30;
/** The first line of every log, by the Hub. */
const ownLine = /^=+ Job started/;

/** The log of one running job: reports every line, keeps the last ones. */
export class JobLog {
  readonly #stop = new AbortController();
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;
  #over = false;

  constructor(
    connection: HubConnection,
    job: { namespace: string; jobId: string },
    signal: AbortSignal,
    onLine: (line: string) => void,
  ) {
    this.#ended = followLogs(connection, job, {
      signal: AbortSignal.any([signal, this.#stop.signal]),
      isOver: () => this.#over,
      onLine: (text) => {
        const line = redact(text).trimEnd();
        if (line === "" || ownLine.test(line)) return;
        this.#lines.push(line);
        if (this.#lines.length > keptLines) this.#lines.shift();
        onLine(line);
      },
    });
  }

  /** The last lines. */
  get tail(): string {
    return this.#lines.join("\n");
  }

  /** Ends a job's log: waits up to `timeoutMs` for its last lines. */
  async finish(timeoutMs: number): Promise<void> {
    this.#over = true;
    const enough = new AbortController();
    await Promise.race([this.#ended, sleep(timeoutMs, undefined, enough).catch(() => undefined)]);
    enough.abort();
    this.stop();
  }

  stop(): void {
    this.#stop.abort();
  }
}
